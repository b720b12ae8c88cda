// The Vision Transformer itself: patch embedding, blocks, heads.

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>
/// A ViT of timm's family (ViT, DeiT, DeiT-distilled, DeiT-III, DINOv2 with registers), after Dosovitskiy et al. 2021 and Touvron et al. 2021.
/// Parameters carry timm's names. GELU is the exact erf form.
/// </summary>
public sealed class VisionTransformer : nn.Module<Tensor, Tensor>
{
    private readonly Dictionary<string, Parameter> weights = new(StringComparer.Ordinal);

    /// <summary>Builds a randomly initialised model (normal of deviation 0.02 truncated at two deviations, as timm) from <paramref name="seed"/>.</summary>
    public VisionTransformer(VitConfig config, long seed = 0) : base(nameof(VisionTransformer))
    {
        config.Validate();
        Config = config;
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        foreach ((string name, long[] shape) in VitParameters.Shapes(config))
        {
            var parameter = new Parameter(VitParameters.Initialise(name, shape, generator).MoveToOuterDisposeScope());
            parameter.DetachFromDisposeScope();
            weights[name] = parameter;
            register_parameter(name, parameter);
        }
    }

    /// <summary>The architecture.</summary>
    public VitConfig Config { get; }

    /// <summary>Logits <c>[B, C]</c> of normalised pixels <c>[B, 3, S, S]</c>.</summary>
    /// <exception cref="InvalidOperationException">The model has no head.</exception>
    public override Tensor forward(Tensor pixels) => Run(pixels, VitCapture.None).Logits ?? throw new InvalidOperationException("this model has no classification head; use Run and its Embedding");

    /// <summary>The same with captures: attention probes, block outputs, both heads of a distilled model.</summary>
    public VitOutput Run(Tensor pixels, VitCapture capture)
    {
        Tensor x = Embed(pixels, capture.KeptPatches);
        var rows = new Dictionary<int, Tensor>();
        var hidden = new Dictionary<int, Tensor>();
        for (int block = 0; block < Config.Depth; block++)
        {
            x = Block(x, block, capture.ClsRowBlocks.Contains(block) ? rows : null);
            if (capture.HiddenBlocks.Contains(block)) hidden[block] = x;
        }

        // Only the tokens that reach a head need the last norm.
        Tensor heads = Norm(x.narrow(1, 0, Config.Distilled ? 2 : 1), "norm");
        Tensor cls = heads.select(1, 0);
        Tensor? logitsCls = Config.Classes == 0 ? null : Linear(cls, "head");
        Tensor? logitsDist = logitsCls is null || !Config.Distilled ? null : Linear(heads.select(1, 1), "head_dist");
        return new VitOutput
        {
            Embedding = cls,
            Logits = logitsDist is null ? logitsCls : (logitsCls! + logitsDist) / 2,
            LogitsCls = logitsDist is null ? null : logitsCls,
            LogitsDist = logitsDist,
            ClsRows = rows,
            Hidden = hidden,
        };
    }

    /// <summary>Parameters by timm name, in timm's order (live tensors, not copies).</summary>
    public IReadOnlyDictionary<string, Tensor> StateDict() => VitParameters.Shapes(Config).ToDictionary(entry => entry.Name, entry => (Tensor)weights[entry.Name], StringComparer.Ordinal);

    /// <summary>Moves the parameters to a device.</summary>
    public VisionTransformer MoveTo(Device device)
    {
        this.to(device);
        foreach ((string name, Parameter parameter) in named_parameters()) weights[name] = parameter;
        return this;
    }

    private Tensor Embed(Tensor pixels, Tensor? kept)
    {
        Tensor patches = nn.functional.conv2d(pixels, weights["patch_embed.proj.weight"], weights.GetValueOrDefault("patch_embed.proj.bias"), strides: [Config.PatchSize, Config.PatchSize]).flatten(2).transpose(1, 2);
        Tensor position = weights["pos_embed"];
        Tensor prefix = Prefix();
        if (!Config.NoEmbedClass)
        {
            prefix += position.narrow(1, 0, Config.PrefixTokens);
            position = position.narrow(1, Config.PrefixTokens, Config.Patches);
        }
        patches += position;
        if (kept is not null) patches = patches.gather(1, kept.unsqueeze(-1).expand(-1, -1, Config.Width));
        Tensor x = cat([prefix.expand(pixels.shape[0], -1, -1), patches], 1);
        return Config.PreNorm ? Norm(x, "norm_pre") : x;
    }

    private Tensor Prefix()
    {
        var tokens = new List<Tensor> { weights["cls_token"] };
        if (Config.Distilled) tokens.Add(weights["dist_token"]);
        if (Config.RegisterTokens > 0) tokens.Add(weights["reg_token"]);
        return tokens.Count == 1 ? tokens[0] : cat(tokens, 1);
    }

    private Tensor Block(Tensor x, int block, Dictionary<int, Tensor>? rows)
    {
        string at = $"blocks.{block}.";
        Tensor attention = Attention(Norm(x, at + "norm1"), block, rows);
        x += Config.LayerScale ? attention * weights[at + "ls1.gamma"] : attention;
        Tensor mlp = Mlp(Norm(x, at + "norm2"), at);
        return x + (Config.LayerScale ? mlp * weights[at + "ls2.gamma"] : mlp);
    }

    private Tensor Attention(Tensor x, int block, Dictionary<int, Tensor>? rows)
    {
        (long batch, long tokens) = (x.shape[0], x.shape[1]);
        long headDim = Config.Width / Config.Heads;
        Tensor[] qkv = Linear(x, $"blocks.{block}.attn.qkv").view(batch, tokens, 3, Config.Heads, headDim).permute(2, 0, 3, 1, 4).unbind(0);
        (Tensor q, Tensor k, Tensor v) = (qkv[0], qkv[1], qkv[2]);
        if (rows is not null)
        {
            // The fused kernel returns no weights: the CLS row alone costs O(N) beside its O(N²).
            Tensor row = matmul(q.narrow(2, 0, 1), k.transpose(-2, -1)).mul(1 / Math.Sqrt(headDim)).softmax(-1);
            rows[block] = row.select(2, 0).narrow(-1, Config.PrefixTokens, tokens - Config.PrefixTokens);
        }
        Tensor mixed = nn.functional.scaled_dot_product_attention(q, k, v);
        return Linear(mixed.transpose(1, 2).reshape(batch, tokens, Config.Width), $"blocks.{block}.attn.proj");
    }

    private Tensor Mlp(Tensor x, string at)
    {
        Tensor wide = Linear(x, at + "mlp.fc1");
        if (!Config.SwiGlu) return Linear(nn.functional.gelu(wide), at + "mlp.fc2");
        Tensor[] halves = wide.chunk(2, -1);
        return Linear(nn.functional.silu(halves[0]) * halves[1], at + "mlp.fc2");
    }

    private Tensor Linear(Tensor x, string name) => nn.functional.linear(x, weights[name + ".weight"], weights.GetValueOrDefault(name + ".bias"));

    private Tensor Norm(Tensor x, string name) => nn.functional.layer_norm(x, [Config.Width], weights[name + ".weight"], weights[name + ".bias"], Config.LayerNormEpsilon);
}
