// A Vision Transformer's shape from its tensors, and what they cannot tell from whoever states it.

using System.Globalization;
using DataFreeKD.Models.Timm;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>What is known of a network before its shape is read.</summary>
/// <param name="Tensors">Under timm's names; forms that need the statements are still as they were, and are brought to one when the shape
/// is read.</param>
/// <param name="Style">Whose names they had in the file.</param>
/// <param name="Stated">Statements of config and checkpoint.</param>
/// <param name="Named">timm's architecture of the name that is stated, where it is known.</param>
/// <param name="Heads">Heads that the user gave.</param>
/// <param name="Report">Takes facts and notes.</param>
internal sealed record NetworkSource(
    Dictionary<string, Tensor> Tensors,
    NameStyle Style,
    Statements Stated,
    Told<TimmEntry>? Named,
    int? Heads,
    ReadingReport Report
);

/// <summary>Reads a <see cref="VitConfig"/>: each part is read off the tensors or told by somebody, and contradictions are
/// refused.</summary>
internal sealed class VitReader
{
    private readonly NetworkSource source;
    private readonly Dictionary<string, Tensor> tensors;
    private readonly Statements stated;
    private readonly ReadingReport report;
    private readonly TimmShape? named;

    private VitReader(NetworkSource source)
    {
        (this.source, tensors, stated, report) = (source, source.Tensors, source.Stated, source.Report);
        named = source.Named?.Value.Shape;
    }

    /// <exception cref="ModelException">Tensors are missing, of another kind of network, or contradict each other or the
    /// config.</exception>
    public static VitConfig Read(NetworkSource source) => new VitReader(source).Read();

    private VitConfig Read()
    {
        bool crossBias = tensors.ContainsKey("conv_embed.proj.weight");
        long[] patch = crossBias ? Stems() : Shape("patch_embed.proj.weight", 4);
        if (patch[1] != 3 || patch[2] != patch[3])
            throw report.Bad(
                $"its patch projection is [{string.Join(", ", patch)}]; three colour channels and square patches are supported"
            );
        int width = checked((int)patch[0]),
            patchSize = checked((int)patch[2]);
        bool distilled = tensors.ContainsKey("dist_token"),
            classToken = tensors.ContainsKey("cls_token"),
            fcNorm = tensors.ContainsKey("fc_norm.weight");
        bool finalNorm = RefuseOtherNetworks(fcNorm);
        int registers = tensors.ContainsKey("reg_token") ? checked((int)Shape("reg_token", 3)[1]) : 0;
        int prefix = (classToken ? 1 : 0) + (distilled ? 1 : 0) + (crossBias ? 2 : 0) + registers,
            mlpRows = checked((int)Shape("blocks.0.mlp.fc1.weight", 2)[0]),
            hidden = checked((int)Shape("blocks.0.mlp.fc2.weight", 2)[1]);
        bool relative = RelativeTables.Recognises(tensors);
        if (relative)
            RelativeTables.Fold(tensors, Depth(), prefix, () => StatedSide() / patchSize, report);
        Told<RotaryPositions?> rotary = relative
            ? new(null, "relative positions", FactSource.Tensors)
            : new RotaryReader(source).Read(tensors.ContainsKey("pos_embed"), finalNorm);
        bool learned = tensors.ContainsKey("pos_embed") || (rotary.Value is null && !relative);
        (int grid, bool noEmbedClass) =
            learned ? Grid(Shape("pos_embed", 3)[1], prefix, patchSize, registers)
            : relative
                ? (
                    RelativeTables.GridOf(tensors, prefix)
                        ?? throw report.Bad(
                            $"its tables of relative positions are of no square grid beside {prefix} tokens before the patches"
                        ),
                    false
                )
            : (StatedSide() / patchSize, false);
        bool swiGlu = mlpRows == 2 * hidden,
            preNorm = tensors.ContainsKey("norm_pre.weight"),
            qkNorm = tensors.ContainsKey("blocks.0.attn.q_norm.weight");
        int classes = tensors.ContainsKey("head.weight") ? checked((int)Shape("head.weight", 2)[0]) : 0,
            depth = Depth();
        Told<Pooling> pooling = PoolingOf(
            classToken,
            distilled || crossBias,
            fcNorm,
            classes > 0 ? Shape("head.weight", 2)[1] : width,
            width
        );
        VitConfig config = new()
        {
            ImageSize = checked(grid * patchSize),
            PatchSize = patchSize,
            Classes = classes,
            Width = width,
            Depth = depth,
            Heads = 1,
            MlpHidden = hidden,
            QkvBias = tensors.ContainsKey("blocks.0.attn.qkv.bias"),
            Distilled = distilled,
            CrossBias = crossBias,
            RegisterTokens = registers,
            LayerScale = tensors.ContainsKey("blocks.0.ls1.gamma"),
            NoEmbedClass = noEmbedClass,
            SwiGlu = swiGlu,
            PreNorm = preNorm,
            Pooling = pooling.Value,
            FcNorm = fcNorm,
            ClassToken = classToken,
            QkNorm = qkNorm,
            RmsNorm = tensors.ContainsKey("blocks.0.norm1.weight") && !tensors.ContainsKey("blocks.0.norm1.bias"),
            ProjectionBias = tensors.ContainsKey("blocks.0.attn.proj.bias"),
            EmbedNorm = tensors.ContainsKey("patch_embed.norm.weight"),
            AttentionNorm = tensors.ContainsKey("blocks.0.attn.norm.weight"),
            MlpNorm = tensors.ContainsKey("blocks.0.mlp.norm.weight"),
            LearnedPositions = learned,
            Rotary = rotary.Value,
            RelativeBias = relative,
            ParallelBranches = Parallel(),
            FinalNorm = finalNorm,
            PoolHeads = pooling.Value == Pooling.Map ? PoolHeadsOf(width) : 0,
            PoolPrefix = pooling.Value == Pooling.Map && PoolPrefixOf(rotary.Value is not null),
        };
        ConfigContract.Check(config, mlpRows, stated, report);
        FitName(config, mlpRows);
        Told<int> heads = HeadsOf(config);
        Told<Activation> activation = ActivationOf(swiGlu);
        Told<double> epsilon = EpsilonOf(preNorm && !config.RmsNorm);
        Told<bool> postNorm = PostNormOf(config);
        report.Add("input", Input(config.ImageSize), side => $"{side}×{side}");
        report.Add("heads", heads, value => value.ToString(CultureInfo.InvariantCulture));
        report.Add("activation", activation, ActivationNames.Of);
        report.Add("pooling", pooling, VitSpec.PoolName);
        if (rotary.Value is not null || rotary.By == FactSource.Assumed)
            report.Add("rotary positions", rotary, value => value?.Text ?? "none");
        if (config.RmsNorm)
            report.Add("norms without bias", Biasless(), text => text);
        report.Add("LayerNorm epsilon", epsilon, value => value.ToString("R", CultureInfo.InvariantCulture));
        if (postNorm.Value || postNorm.By == FactSource.Assumed)
            report.Add("norms", postNorm, after => after ? "after attention and MLP" : "before attention and MLP");
        return (
            config with
            {
                Heads = heads.Value,
                Activation = activation.Value,
                LayerNormEpsilon = epsilon.Value,
                PostNorm = postNorm.Value,
            }
        ).Validated();

        // The stems halve before they project.
        long[] Stems()
        {
            long[] projection = Shape("conv_embed.proj.weight", 4);
            return [projection[0], 3, 2 * projection[2], 2 * projection[3]];
        }
    }

    private long[] Shape(string name, int dimensions)
    {
        if (!tensors.TryGetValue(name, out Tensor? tensor))
            throw report.Bad(
                $"it has no tensor '{name}': it is no Vision Transformer of a kind that is known here ({FamilyReader.Supported}); it holds {Shown.List(tensors.Keys.Order(StringComparer.Ordinal))}"
            );
        return tensor.shape.Length == dimensions
            ? tensor.shape
            : throw report.Bad($"tensor '{name}' is [{string.Join(", ", tensor.shape)}], not of {dimensions} dimensions");
    }

    // Networks that share most names and compute something else are told by a name of their own.
    /// <returns>Whether there is a norm before the head.</returns>
    private bool RefuseOtherNetworks(bool fcNorm)
    {
        (string Tensor, string What)[] marks =
        [
            ("blocks.0.attns.0.norm.weight", "parallel branches in its blocks (ParallelThingsBlock)"),
            ("blocks.0.in_proj.weight", "differential attention beside its MLP (DiffParallelScalingBlock)"),
            ("blocks.0.attn.lambda_a", "differential attention"),
            ("rope.freqs", "learned rotary positions in another form than timm's"),
            ("blocks.0.attn.gate.weight", "gates on its attention"),
            ("blocks.0.attn.inner_attn_ln.weight", "BEiT-3's norms"),
            ("patch_embed.backbone.stem.conv.weight", "a convolutional backbone (hybrid)"),
            ("attn_pool.q_norm.weight", "norms inside its attention pooling"),
            ("layers.0.blocks.0.norm1.weight", "stages with windows (Swin)"),
            ("blocks.0.attn.lambda_q1", "differential attention"),
            ("blocks.0.ls1.alpha", "an affine map in place of LayerNorm"),
        ];
        foreach ((string tensor, string what) in marks)
        {
            if (tensors.ContainsKey(tensor))
                throw report.Bad($"it has '{tensor}': {what}, which is not read (supported: {FamilyReader.Supported})");
        }
        if (fcNorm && tensors.ContainsKey("norm.weight"))
            throw report.Bad("it has a norm before and after pooling, and only one of them is read");
        if (fcNorm || tensors.ContainsKey("norm.weight") || !tensors.ContainsKey("blocks.0.norm1.weight"))
            return true;
        // A missing tensor is damage, unless somebody says that it was never there.
        if (
            source.Style == NameStyle.ClipClassifier
            || stated.Flag("final_norm") is { Value: false }
            || source.Named is { Value.Shape.FinalNorm: false }
        )
            return false;
        throw report.Bad(
            "it has no final norm (neither 'norm.weight' nor 'fc_norm.weight'), and nothing says that it needs none: give a config.json with its architecture, or with final_norm false in model_args, beside it"
        );
    }

    private bool Parallel() =>
        source.Style == NameStyle.Parallel
        || (stated.Text("block_fn")?.Value.Split('.')[^1] == "ParallelScalingBlock" && !tensors.ContainsKey("blocks.0.norm2.weight"));

    // The heads of a pooling leave no trace in its tensors.
    private int PoolHeadsOf(int width)
    {
        int heads = stated.Int("attn_pool_num_heads")?.Value ?? named?.PoolHeads ?? 0;
        return heads >= 0 && (heads == 0 || width % heads == 0)
            ? heads
            : throw report.Bad($"its pooling by attention is said to have {heads} heads, which do not divide its width {width}");
    }

    // timm's eva.py pools over all tokens, its vision_transformer.py over the patches unless told.
    private bool PoolPrefixOf(bool eva) => stated.Flag("pool_include_prefix")?.Value ?? named?.PoolPrefix ?? eva;

    private int Depth()
    {
        int depth = 0;
        while (tensors.ContainsKey($"blocks.{depth.ToString(CultureInfo.InvariantCulture)}.norm1.weight"))
            depth++;
        return depth;
    }

    private (int Grid, bool NoEmbedClass) Grid(long entries, int prefix, int patchSize, int registers)
    {
        foreach (Statement size in stated.Of("img_size", "image_size", "pretrained_cfg.input_size"))
        {
            if (stated.Size(size.Field) is { } told && told.Value.Height != told.Value.Width)
                throw report.Bad($"{told.Source} is {told.Value.Height}×{told.Value.Width}: only square inputs are read");
        }
        int bare = Root(entries),
            with = Root(entries - prefix);
        if (bare > 0 && with > 0)
            return stated.Flag("no_embed_class") is { } told ? (told.Value ? bare : with, told.Value && prefix > 0)
                : registers > 0 ? (bare, true)
                : (with, false);
        if (with > 0)
            return (with, false);
        if (bare > 0)
            return (bare, true);
        throw report.Bad($"its position embedding has {entries} entries, which is no square grid with or without {prefix} prefix tokens");
    }

    // RMSNorm and a LayerNorm without bias have the same tensors.
    private Told<string> Biasless() =>
        stated.Text("norm_layer") is { } told
            ? (
                told.Value.Contains("rms", StringComparison.OrdinalIgnoreCase)
                    ? new("RMSNorm", told.Source, told.By)
                    : throw report.Bad($"{told.Source} is '{Shown.Of(told.Value)}', but its norms have no bias; RMSNorm alone is read so")
            )
        : source.Named is { } called ? new("RMSNorm", called.Source, FactSource.Registry)
        : new("RMSNorm", "", FactSource.Assumed);

    // Rotary positions leave no tensor whose length would tell.
    private int StatedSide()
    {
        if (stated.Size("img_size", "image_size", "pretrained_cfg.input_size", "input_size") is { } told)
            return told.Value.Height == told.Value.Width
                ? told.Value.Height
                : throw report.Bad($"{told.Source} is {told.Value.Height}×{told.Value.Width}: only square inputs are read");
        return named?.ImageSize
            ?? throw report.Bad(
                "it has no position embedding, and nothing tells its input side: give a config.json with img_size or input_size beside it"
            );
    }

    // The number of patches tells the side only of a square.
    private Told<int> Input(int side)
    {
        foreach (Statement size in stated.Of("img_size", "image_size", "pretrained_cfg.input_size", "input_size"))
        {
            if (stated.Size(size.Field) is { } told && told.Value.Height == side)
                return new(side, told.Source, told.By);
        }
        return named is { } shape && shape.ImageSize == side
            ? new(side, source.Named!.Value.Source, FactSource.Registry)
            : new(side, "", FactSource.Assumed);
    }

    private static int Root(long count)
    {
        if (count <= 0)
            return 0;
        long root = (long)Math.Round(Math.Sqrt(count));
        return root * root == count && root <= 8192 ? (int)root : 0;
    }

    private Told<Pooling> PoolingOf(bool classToken, bool severalHeads, bool fcNorm, long headInput, int width)
    {
        bool map = tensors.ContainsKey("attn_pool.latent");
        Told<Pooling>? told = StatedPooling();
        Told<Pooling>? seen =
            map ? new(Pooling.Map, "'attn_pool.latent'", FactSource.Tensors)
            : headInput == 2L * width ? new(Pooling.TokenAndAverage, "a head of twice the width", FactSource.Tensors)
            : source.Style == NameStyle.SiglipClassifier
                ? new(Pooling.Average, "Hugging Face's SiglipForImageClassification", FactSource.Registry)
            : source.Style == NameStyle.ClipClassifier
                ? new(Pooling.Average, "Hugging Face's CLIPForImageClassification", FactSource.Registry)
            : severalHeads ? new(Pooling.Token, "a head for each token", FactSource.Tensors)
            : null;
        if (seen is { } by)
        {
            if (told is { } other && other.Value != by.Value && other.By == FactSource.Config)
                throw report.Bad($"{other.Source} asks for pooling '{VitSpec.PoolName(other.Value)}', but the weights have {by.Source}");
            return by;
        }
        if (told is { } asked)
        {
            if (asked.Value == Pooling.Map)
                throw report.Bad($"{asked.Source} asks for pooling by attention, but there is no 'attn_pool.latent'");
            if (asked.Value == Pooling.Token && !classToken)
                throw report.Bad($"{asked.Source} asks for pooling by the class token, but there is no 'cls_token'");
            return asked;
        }
        if (!classToken)
            return new(Pooling.Average, "no class token", FactSource.Tensors);
        if (source.Style == NameStyle.HuggingFaceBeit && fcNorm)
            return new(Pooling.Average, "'pooler.layernorm', which comes after the mean of the patches", FactSource.Tensors);
        if (!source.Style.IsTimm())
            return new(Pooling.Token, "the class of its library", FactSource.Registry);
        if (fcNorm)
            return new(Pooling.Average, "'fc_norm', which comes after average pooling", FactSource.Tensors);
        if (named is not null)
            return new(named.Pooling is Pooling.Map ? Pooling.Token : named.Pooling, source.Named!.Value.Source, FactSource.Registry);
        return new(Pooling.Token, "", FactSource.Assumed);
    }

    private Told<Pooling>? StatedPooling()
    {
        foreach (Statement statement in stated.Of("global_pool", "pool_type", "gp"))
        {
            Pooling? pooling = statement.Value switch
            {
                "token" or "cls" or false => Pooling.Token,
                "avg" or "mean" or true => Pooling.Average,
                "map" => Pooling.Map,
                "token+avg" => Pooling.TokenAndAverage,
                _ => null,
            };
            if (pooling is { } known)
                return new(known, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw report.Bad($"{statement.Source} asks for pooling {Statements.Show(statement.Value)}; token, avg and map are read");
        }
        return null;
    }

    private Told<int> HeadsOf(VitConfig config)
    {
        int width = config.Width;
        Told<int>? told = StatedHeads();
        int? normed =
            config.QkNorm ? checked((int)(width / Math.Max(1, Shape("blocks.0.attn.q_norm.weight", 1)[0])))
            : config.RelativeBias ? RelativeTables.HeadsOf(tensors)
            : tensors.TryGetValue("blocks.0.attn.rope_freqs", out Tensor? angles) && angles.dim() == 3 ? checked((int)angles.shape[1])
            : null;
        string counting =
            config.QkNorm ? "the norms of its queries"
            : config.RelativeBias ? "the tables of its relative positions"
            : "its rotary positions";
        if (told is { } said)
        {
            if (source.Heads is { } other && other != said.Value)
                throw report.Bad($"{said.Source} says {said.Value} heads, and Heads is {other}; leave Heads out", "Heads");
            if (said.Value <= 0 || width % said.Value != 0)
                throw report.Bad($"{said.Source} says {said.Value} heads, which do not divide the width {width} of the tensors");
            if (normed is { } seen && seen != said.Value)
                throw report.Bad($"{said.Source} says {said.Value} heads, but {counting} are of {seen} heads");
            return said;
        }
        if (source.Heads is { } asked && normed is { } held && asked != held)
            throw report.Bad($"Heads {asked}, but {counting} are of {held} heads; leave Heads out", "Heads");
        if (source.Heads is { } given)
            return width % given == 0 && given > 0
                ? new(given, "Heads", FactSource.Option)
                : throw report.Bad($"Heads {given} does not divide its width {width}", "Heads");
        if (normed is { } counted)
            return counted > 0 && width % counted == 0
                ? new(counted, counting, FactSource.Tensors)
                : throw report.Bad($"{counting} are of {counted} heads, which do not divide its width {width}");
        if (named is { } shape && shape.Width == width)
            return new(shape.Heads, source.Named!.Value.Source, FactSource.Registry);
        if (source.Style.DefaultHeads() is { } usual && stated.Text("model_type") is { } type && width % usual == 0)
            return new(
                usual,
                $"Hugging Face's default of '{Shown.Of(type.Value)}', since its config leaves heads out",
                FactSource.Registry
            );
        TimmShape[] same = [.. TimmTable.OfWidth(width)],
            alike =
            [.. same.Where(entry => entry.Depth == config.Depth && entry.MlpHidden == config.MlpHidden && entry.Patch == config.PatchSize)];
        if (alike.Select(entry => entry.Heads).Distinct().ToArray() is [var only])
            return new(
                only,
                $"every Vision Transformer of timm's with width {width}, depth {config.Depth} and patches of {config.PatchSize}",
                FactSource.Registry
            );
        if (same.Select(entry => entry.Heads).Distinct().ToArray() is [var common])
            return new(common, "", FactSource.Assumed);
        if (width % 64 == 0)
            return new(width / 64, "", FactSource.Assumed);
        throw report.Bad(
            $"nothing tells its number of attention heads (no config beside it, and its width {width} is no multiple of 64): give Heads",
            "Heads"
        );
    }

    // A list is one number where all of it is; else it is of a network with stages, or of another kind.
    private Told<int>? StatedHeads()
    {
        foreach (
            Statement statement in stated.Of(
                "num_heads",
                "num_attention_heads",
                "heads",
                "n_heads",
                "nheads",
                "nhead",
                "n_head",
                "num_head",
                "vit_heads"
            )
        )
        {
            object value =
                statement.Value is object[] { Length: > 0 } list && list.All(item => item.Equals(list[0])) ? list[0] : statement.Value;
            if (Statements.Whole(value) is { } heads)
                return new(heads, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw stated.Unusable(statement);
            if (value is object[] && source.Heads is null)
                throw report.Bad(
                    $"{statement.Source} is {Statements.Show(value)}: a network of one number of heads in all blocks is read; give it by Heads where it is one",
                    "Heads"
                );
            report.Note($"{statement.Source} is {Statements.Show(value)}, which is no number of heads, and is left out");
        }
        return null;
    }

    private Told<Activation> ActivationOf(bool swiGlu)
    {
        // A SwiGLU gates by SiLU whatever a config calls its activation.
        if (swiGlu)
            return new(Activation.Gelu, "SwiGLU, which gates by SiLU", FactSource.Tensors);
        if (stated.Text("act_layer", "hidden_act") is { } told)
        {
            return new(
                ActivationNames.Find(told.Value)
                    ?? throw report.Bad(
                        $"{told.Source} is the activation '{Shown.Of(told.Value)}', which is not known; {string.Join(", ", ActivationNames.All)} are"
                    ),
                told.Source,
                told.By
            );
        }
        if (named is { } shape)
            return new(shape.Activation, source.Named!.Value.Source, FactSource.Registry);
        return source.Style.DefaultActivation() is { } usual
            ? new(usual, "what its library's class has", ByClass)
            : new(Activation.Gelu, "", FactSource.Assumed);
    }

    private Told<double> EpsilonOf(bool preNorm)
    {
        if (stated.Number("layer_norm_eps", "norm_eps") is { } told)
            return told.Value is > 0 and < 1 ? told : throw report.Bad($"{told.Source} is {told.Value}: an epsilon is above 0 and below 1");
        if (named is { } shape)
            return new(shape.Epsilon, source.Named!.Value.Source, FactSource.Registry);
        if (source.Style.DefaultEpsilon() is { } usual)
            return new(stated.Text("model_type") is { Value: "vit_msn" } ? 1e-6 : usual, "what its library's class has", ByClass);
        // timm's CLIP towers have 1e-5, its other ViTs 1e-6.
        return new(preNorm ? 1e-5 : 1e-6, "", FactSource.Assumed);
    }

    // torchvision's class has one value; a Hugging Face class has its default where a config goes with it and leaves the field out.
    private FactSource ByClass =>
        source.Style is NameStyle.TorchVision or NameStyle.OpenClip || stated.Of("model_type", "architectures").Any()
            ? FactSource.Registry
            : FactSource.Assumed;

    private Told<bool> PostNormOf(VitConfig config)
    {
        if (stated.Text("block_fn") is { } told)
        {
            return told.Value.Split('.')[^1] switch
            {
                "Block" or "RelPosBlock" => new(false, told.Source, told.By),
                "ResPostBlock" or "ResPostRelPosBlock" => new(true, told.Source, told.By),
                "ParallelScalingBlock" when config.ParallelBranches => new(false, told.Source, told.By),
                _ => throw report.Bad($"{told.Source} is '{Shown.Of(told.Value)}'; Block, ResPostBlock and ParallelScalingBlock are read"),
            };
        }
        if (named is { } shape)
            return new(shape.PostNorm, source.Named!.Value.Source, FactSource.Registry);
        // timm's relpos networks have LayerScale where their norms come first, BEiT's positions stand beside biases of two maps.
        return config.RelativeBias && !config.LayerScale && source.Style != NameStyle.Eva
            ? new(!config.ClassToken, "", FactSource.Assumed)
            : new(false, "", FactSource.Registry);
    }

    // The name's own shape, where nothing overrides it, is that of the tensors; of a config another one is a contradiction.
    private void FitName(VitConfig config, int mlpRows)
    {
        if (source.Named is not { } name || named is null)
            return;
        List<string> apart = [];
        Compare("width", named.Width, config.Width, "embed_dim", "hidden_size");
        Compare("depth", named.Depth, config.Depth, "depth", "num_hidden_layers");
        Compare("patch size", named.Patch, config.PatchSize, "patch_size");
        if (stated.Of("embed_dim", "hidden_size", "mlp_ratio", "intermediate_size").All(statement => statement.By != FactSource.Config))
            Compare("MLP width", named.MlpHidden, named.MlpHidden == config.MlpHidden ? config.MlpHidden : mlpRows);
        if (apart.Count == 0)
            return;
        string text = $"{name.Source} is '{name.Value.Name}' ({string.Join(", ", apart)})";
        if (name.By == FactSource.Config)
            throw report.Bad(
                $"{text}, and model_args say nothing else: weights and config are not of one model; give the config that belongs to the weights"
            );
        report.Note($"{text}; the tensors count, and the name is trusted for activation, pooling and preprocessing alone");

        void Compare(string what, int expected, int held, params string[] fields)
        {
            if (expected != held && stated.Of(fields).All(statement => statement.By != FactSource.Config))
                apart.Add($"{what} {expected}, the tensors have {held}");
        }
    }
}
