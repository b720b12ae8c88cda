// One transformer block, step by step, for those who fit or study its maps one at a time.

using DataFreeKD.Models.Layers;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>
/// The steps of one block of a <see cref="VisionTransformer"/>, in the order in which its forward pass takes them:
/// <see cref="AttentionInput"/>, <see cref="Split"/>, <see cref="Mix"/>, <see cref="AddAttention"/>, <see cref="MlpInput"/>,
/// <see cref="Hidden"/>, <see cref="Activate"/>, <see cref="AddMlp"/>.
/// </summary>
/// <remarks>Weights are read when a step is taken, so a change of the model's weights shows at once. No step changes its arguments. Tensors
/// belong to the caller's dispose scope.</remarks>
internal sealed class VitBlock
{
    private readonly Block block;
    private readonly double epsilon;

    internal VitBlock(Block block, double epsilon) => (this.block, this.epsilon) = (block, epsilon);

    /// <summary>The first norm of tokens <c>[B, T, D]</c>.</summary>
    public Tensor AttentionInput(Tensor tokens) => block.Norms.First().Norm(tokens, epsilon);

    /// <summary>Queries, keys and values of normed tokens <c>[B, T, D]</c>, each <c>[B, H, T, D/H]</c>.</summary>
    public Qkv Split(Tensor normed) => block.Attention.Split(normed);

    /// <summary>What the heads give, side by side: <c>[B, T, D]</c>, before the projection.</summary>
    public static Tensor Mix(Qkv parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        long[] shape = parts.Queries.shape;
        return Attention.Mix(parts.Queries, parts.Keys, parts.Values).transpose(1, 2).reshape(shape[0], shape[2], shape[1] * shape[3]);
    }

    /// <summary>The tokens with the projected heads added.</summary>
    public Tensor AddAttention(Tensor tokens, Tensor mixed) =>
        block.AddBranch(tokens, block.Attention.Projection.Linear(mixed), second: false);

    /// <summary>The second norm of tokens <c>[B, T, D]</c>.</summary>
    public Tensor MlpInput(Tensor tokens) => block.Norms.Last().Norm(tokens, epsilon);

    /// <summary>The MLP's units before their activation, <c>[B, T, M]</c>; of a SwiGLU the gates, then the values, <c>[B, T,
    /// 2M]</c>.</summary>
    public Tensor Hidden(Tensor normed) => block.Mlp.First.Linear(normed);

    /// <summary>The MLP's units after their activation, <c>[B, T, M]</c>.</summary>
    public Tensor Activate(Tensor hidden) => block.Mlp.Activate(hidden);

    /// <summary>The tokens with the MLP's answer added.</summary>
    public Tensor AddMlp(Tensor tokens, Tensor activated) => block.AddBranch(tokens, block.Mlp.Second.Linear(activated), second: true);

    /// <summary>The whole block.</summary>
    public Tensor Forward(Tensor tokens)
    {
        Tensor middle = AddAttention(tokens, Mix(Split(AttentionInput(tokens))));
        return AddMlp(middle, Activate(Hidden(MlpInput(middle))));
    }
}
