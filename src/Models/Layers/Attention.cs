// Multi-head self-attention with a fused qkv projection.

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Fused attention; the CLS row is computed aside, because the fused kernel gives no weights.</summary>
internal sealed class Attention : nn.Module
{
    private readonly Affine qkv;
    private readonly Affine proj;
    private readonly Affine? q_norm;
    private readonly Affine? k_norm;
    private readonly Affine? norm;

    // Not persistent: they follow from the grid.
    public Tensor? rope_sine;
    public Tensor? rope_cosine;

    // Of learned rotations (mixed): [2, H, D/2H], for the first and the second coordinate.
    private readonly Parameter? rope_freqs;
    private readonly Parameter? relative_position_bias_table;
    public Tensor? relative_position_index;
    private readonly RotaryPositions? rotary;
    private readonly int heads;
    private readonly double epsilon;
    private readonly bool received;

    public Attention(VitConfig config)
        : base(nameof(Attention))
    {
        (heads, epsilon, received) = (config.Heads, config.LayerNormEpsilon, config.Pooling is Pooling.Average or Pooling.Map);
        qkv = new Affine([3L * config.Width, config.Width], config.QkvBias);
        proj = new Affine([config.Width, config.Width], config.ProjectionBias);
        register_module(nameof(qkv), qkv);
        if (config.QkNorm)
        {
            register_module(nameof(q_norm), q_norm = new Affine([config.Width / config.Heads], !config.RmsNorm));
            register_module(nameof(k_norm), k_norm = new Affine([config.Width / config.Heads], !config.RmsNorm));
        }
        if (config.AttentionNorm)
            register_module(nameof(norm), norm = new Affine([config.Width], !config.RmsNorm));
        register_module(nameof(proj), proj);
        if (config.RelativeBias)
        {
            register_parameter(
                nameof(relative_position_bias_table),
                relative_position_bias_table = Weight.Of(zeros(RelativePositions.Entries(config.Grid, config.PrefixTokens), config.Heads))
            );
            register_buffer(
                nameof(relative_position_index),
                relative_position_index = RelativePositions.Index(config.Grid, config.PrefixTokens).DetachFromDisposeScope(),
                persistent: false
            );
        }
        rotary = config.Rotary;
        if (rotary is null)
            return;
        if (rotary.Mixed)
            register_parameter(
                nameof(rope_freqs),
                rope_freqs = Weight.Of(rotary.Frequencies(config.Width / config.Heads).expand(-1, config.Heads, -1).contiguous())
            );
        // Learned rotations turn these coordinates, fixed ones are known now.
        (Tensor sine, Tensor cosine) = rotary.Mixed
            ? rotary.Coordinates(config.Grid)
            : rotary.Tables(config.Grid, config.Width / config.Heads);
        register_buffer(nameof(rope_sine), rope_sine = sine.DetachFromDisposeScope(), persistent: false);
        register_buffer(nameof(rope_cosine), rope_cosine = cosine.DetachFromDisposeScope(), persistent: false);
    }

    public Affine Qkv => qkv;

    public Affine Projection => proj;

    /// <summary>Attention of normed tokens <c>[B, T, D]</c>.</summary>
    /// <param name="x">Tokens after the norm.</param>
    /// <param name="queries">How many leading tokens need an output: all, or only the prefix in a last block whose patches nobody
    /// reads.</param>
    /// <param name="prefix">Prefix tokens to cut from the CLS row; negative when no row is wanted.</param>
    /// <param name="keyBias">Added to every query's products, <c>[B, 1, 1, T]</c>; null for nothing, as where positions are
    /// relative.</param>
    /// <returns>What the heads gave <c>[B, queries, D]</c>, before the projection; the CLS row <c>[B, H, N]</c> (of a network that pools
    /// its patches the mean attention that each receives from the others), and what it was made of.</returns>
    public (Tensor Mixed, Tensor? ClsRow, Qkv Parts) Forward(Tensor x, long queries, int prefix, Tensor? keyBias = null)
    {
        long batch = x.shape[0],
            tokens = x.shape[1],
            width = x.shape[2],
            head = width / heads;
        Tensor q,
            k,
            v;
        if (queries == tokens)
        {
            (q, k, v) = Split(x);
        }
        else
        {
            q = qkv.LinearRows(x.narrow(1, 0, queries), 0, width).view(batch, queries, heads, head).transpose(1, 2);
            Tensor[] parts = qkv.LinearRows(x, width, 2 * width).view(batch, tokens, 2, heads, head).permute(2, 0, 3, 1, 4).unbind(0);
            // These few rows are not packed, and so in single precision.
            (q, k, v) = (q.to(parts[0].dtype), parts[0], parts[1]);
        }
        if (queries != tokens && q_norm is not null)
            (q, k) = (q_norm.Norm(q, epsilon), k_norm!.Norm(k, epsilon));
        // The few queries are of tokens before the patches, which are not turned.
        if (queries != tokens)
            k = Turned(k);
        Tensor? bias = keyBias ?? Bias(queries);
        Tensor mixed = Mix(q, k, v, bias).transpose(1, 2).reshape(batch, queries, width);
        if (norm is not null)
            mixed = norm.Norm(mixed, epsilon);
        return (
            mixed,
            prefix < 0 ? null
            : received ? Received(q, k, prefix, bias)
            : ClsRow(q, k, prefix, bias),
            new Qkv(q, k, v) { Bias = bias }
        );
    }

    /// <summary>Queries, keys and values of normed tokens <c>[B, T, D]</c>, each head's norm and rotation of queries and keys
    /// included.</summary>
    public Qkv Split(Tensor x)
    {
        long batch = x.shape[0],
            tokens = x.shape[1],
            head = x.shape[2] / heads;
        Tensor[] parts = qkv.Linear(x).view(batch, tokens, 3, heads, head).permute(2, 0, 3, 1, 4).unbind(0);
        return q_norm is null
            ? new Qkv(Turned(parts[0]), Turned(parts[1]), parts[2])
            : new Qkv(Turned(q_norm.Norm(parts[0], epsilon)), Turned(k_norm!.Norm(parts[1], epsilon)), parts[2]);
    }

    private Tensor? Bias(long queries) =>
        relative_position_bias_table is null
            ? null
            : RelativePositions.Bias(relative_position_bias_table, relative_position_index!).narrow(2, 0, queries);

    // The patches stand last.
    private Tensor Turned(Tensor x)
    {
        if (rotary is null)
            return x;
        long patches = rope_sine!.shape[0],
            prefix = x.shape[2] - patches;
        if (prefix < 0)
            throw new ArgumentException("patches cannot be dropped from a network with rotary positions");
        (Tensor sine, Tensor cosine) = rope_freqs is null ? (rope_sine, rope_cosine!) : rotary.Mix(rope_freqs, rope_sine, rope_cosine!);
        Tensor turned = rotary.Turn(x.narrow(2, prefix, patches), sine, cosine).to(x.dtype);
        return prefix == 0 ? turned : cat([x.narrow(2, 0, prefix), turned], 2);
    }

    /// <summary>Values weighed by attention: <c>[B, H, queries, D/H]</c>.</summary>
    // libtorch's fused kernel multiplies bfloat16 as single precision (MKL); its plain products do not (oneDNN).
    public static Tensor Mix(Tensor q, Tensor k, Tensor v, Tensor? bias = null) =>
        q.dtype == ScalarType.BFloat16 && q.device_type == DeviceType.CPU
            ? matmul(Biased(matmul(q.mul(1 / Math.Sqrt(q.shape[3])), k.transpose(2, 3)), bias).softmax(-1), v)
            : nn.functional.scaled_dot_product_attention(
                q,
                k,
                v,
                attn_mask: bias is null || bias.dtype == q.dtype ? bias! : bias.to(q.dtype)
            );

    private static Tensor Biased(Tensor products, Tensor? bias) => bias is null ? products : products + bias.to(products.dtype);

    private static Tensor ClsRow(Tensor q, Tensor k, int prefix, Tensor? bias)
    {
        long head = q.shape[3],
            patches = k.shape[2] - prefix;
        q = q.narrow(2, 0, 1);
        if (k.dtype is ScalarType.BFloat16 or ScalarType.Float16)
            (q, k) = (q.to(ScalarType.Float32), k.to(ScalarType.Float32));
        Tensor row = Biased(matmul(q.mul(1 / Math.Sqrt(head)), k.transpose(2, 3)), bias?.narrow(2, 0, 1)).softmax(-1);
        return row.squeeze(2).narrow(2, prefix, patches);
    }

    // What the head reads is the mean of the patches, so the mean of their rows is what a class token's row is elsewhere. One head at a
    // time: O(N²).
    private static Tensor Received(Tensor q, Tensor k, int prefix, Tensor? bias)
    {
        long heads = q.shape[1],
            head = q.shape[3],
            patches = k.shape[2] - prefix;
        if (k.dtype is ScalarType.BFloat16 or ScalarType.Float16)
            (q, k) = (q.to(ScalarType.Float32), k.to(ScalarType.Float32));
        Tensor[] rows = new Tensor[heads];
        for (int i = 0; i < heads; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor queries = q.select(1, i).narrow(1, prefix, patches).mul(1 / Math.Sqrt(head));
            rows[i] = Biased(matmul(queries, k.select(1, i).transpose(1, 2)), bias?.select(1, i).narrow(1, prefix, patches))
                .softmax(-1)
                .mean([1])
                .narrow(1, prefix, patches)
                .clone()
                .MoveToOuterDisposeScope();
        }
        return stack(rows, 1);
    }
}
