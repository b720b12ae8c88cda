// A Vision Transformer's shape from its tensors, and what they cannot tell from whoever states it.

using System.Globalization;
using DataFreeKD.Models.Timm;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

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
        InputSideReader sides = new(source);
        PoolingReader poolings = new(source);
        BlockFormReader blocks = new(source);
        bool crossBias = tensors.ContainsKey("conv_embed.proj.weight");
        long[] patch = crossBias ? Stems() : source.Shape("patch_embed.proj.weight", 4);
        if (patch[1] != 3 || patch[2] != patch[3])
            throw report.Bad(
                $"its patch projection is [{string.Join(", ", patch)}]; three colour channels and square patches are supported"
            );
        int width = checked((int)patch[0]),
            patchSize = checked((int)patch[2]);
        bool distilled = tensors.ContainsKey("dist_token"),
            classToken = tensors.ContainsKey("cls_token"),
            fcNorm = tensors.ContainsKey("fc_norm.weight");
        OtherNetworks.Refuse(source);
        bool finalNorm = HasFinalNorm(fcNorm);
        int registers = tensors.ContainsKey("reg_token") ? checked((int)source.Shape("reg_token", 3)[1]) : 0;
        int prefix = (classToken ? 1 : 0) + (distilled ? 1 : 0) + (crossBias ? 2 : 0) + registers,
            mlpRows = checked((int)source.Shape("blocks.0.mlp.fc1.weight", 2)[0]),
            hidden = checked((int)source.Shape("blocks.0.mlp.fc2.weight", 2)[1]);
        bool relative = RelativeTables.Recognises(tensors);
        if (relative)
            RelativeTables.Fold(tensors, Depth(), prefix, () => sides.StatedSide() / patchSize, report);
        Told<RotaryPositions?> rotary = relative
            ? new(null, "relative positions", FactSource.Tensors)
            : new RotaryReader(source).Read(tensors.ContainsKey("pos_embed"), finalNorm);
        bool learned = tensors.ContainsKey("pos_embed") || (rotary.Value is null && !relative);
        (int grid, bool noEmbedClass) =
            learned ? sides.Grid(source.Shape("pos_embed", 3)[1], prefix, registers)
            : relative
                ? (
                    RelativeTables.GridOf(tensors, prefix)
                        ?? throw report.Bad(
                            $"its tables of relative positions are of no square grid beside {prefix} tokens before the patches"
                        ),
                    false
                )
            : (sides.StatedSide() / patchSize, false);
        bool swiGlu = mlpRows == 2 * hidden,
            preNorm = tensors.ContainsKey("norm_pre.weight"),
            qkNorm = tensors.ContainsKey("blocks.0.attn.q_norm.weight");
        int classes = tensors.ContainsKey("head.weight") ? checked((int)source.Shape("head.weight", 2)[0]) : 0,
            depth = Depth();
        Told<Pooling> pooling = poolings.Read(
            classToken,
            distilled || crossBias,
            fcNorm,
            classes > 0 ? source.Shape("head.weight", 2)[1] : width,
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
            PoolHeads = pooling.Value == Pooling.Map ? poolings.HeadsOf(width) : 0,
            PoolPrefix = pooling.Value == Pooling.Map && poolings.TakesPrefix(rotary.Value is not null),
        };
        ConfigContract.Check(config, mlpRows, stated, report);
        FitName(config, mlpRows);
        Told<int> heads = new HeadsReader(source).Read(config);
        Told<Activation> activation = blocks.ActivationOf(swiGlu);
        Told<double> epsilon = blocks.EpsilonOf(preNorm && !config.RmsNorm);
        Told<bool> postNorm = blocks.PostNormOf(config);
        report.Add("input", sides.Input(config.ImageSize), side => $"{side}×{side}");
        report.Add("heads", heads, value => value.ToString(CultureInfo.InvariantCulture));
        report.Add("activation", activation, ActivationNames.Of);
        report.Add("pooling", pooling, VitSpec.PoolName);
        if (rotary.Value is not null || rotary.By == FactSource.Assumed)
            report.Add("rotary positions", rotary, value => value?.Text ?? "none");
        if (config.RmsNorm)
            report.Add("norms without bias", blocks.Biasless(), text => text);
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
            long[] projection = source.Shape("conv_embed.proj.weight", 4);
            return [projection[0], 3, 2 * projection[2], 2 * projection[3]];
        }
    }

    // Whether there is a norm before the head.
    private bool HasFinalNorm(bool fcNorm)
    {
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

    private int Depth()
    {
        int depth = 0;
        while (tensors.ContainsKey($"blocks.{depth.ToString(CultureInfo.InvariantCulture)}.norm1.weight"))
            depth++;
        return depth;
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
