// What a block of a Vision Transformer gives.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Tokens, and what was asked for beside them.</summary>
/// <param name="Tokens"><c>[B, queries, D]</c>.</param>
/// <param name="ClsRow"><c>[B, H, N]</c>.</param>
/// <param name="Map"><c>[B, queries, T]</c>.</param>
/// <param name="Parts">What attention was made of.</param>
internal readonly record struct BlockOutput(Tensor Tokens, Tensor? ClsRow, Tensor? Map, Qkv? Parts)
{
    /// <summary>Every tensor of it.</summary>
    public Tensor[] Tensors =>
        [.. ((Tensor?[])[Tokens, ClsRow, Map, Parts?.Queries, Parts?.Keys, Parts?.Values, Parts?.Bias]).OfType<Tensor>()];

    /// <summary>The same with other tensors, in the order of <see cref="Tensors"/>.</summary>
    public BlockOutput With(Tensor[] tensors)
    {
        Queue<Tensor> rest = new(tensors);
        return new BlockOutput(
            rest.Dequeue(),
            ClsRow is null ? null : rest.Dequeue(),
            Map is null ? null : rest.Dequeue(),
            Parts is null
                ? null
                : new Qkv(rest.Dequeue(), rest.Dequeue(), rest.Dequeue()) { Bias = Parts.Bias is null ? null : rest.Dequeue() }
        );
    }
}
