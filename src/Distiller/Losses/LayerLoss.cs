// What losses of several layer pairs share: which block outputs they read, and their mean.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>A mean over pairs of blocks whose outputs are compared.</summary>
/// <param name="term">Its part of the recipe.</param>
/// <param name="layers">The pairs.</param>
internal abstract class LayerLoss(RecipeTerm term, IReadOnlyList<LayerPair> layers) : LossTerm(term)
{
    /// <inheritdoc/>
    internal override IReadOnlyList<LayerPair> Layers => layers;

    /// <inheritdoc/>
    public override ModelCapture TeacherCapture => new() { HiddenBlocks = [.. layers.Select(layer => layer.Teacher)] };

    /// <inheritdoc/>
    public override ModelCapture StudentCapture => new() { HiddenBlocks = [.. layers.Select(layer => layer.Student)] };

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor? total = null;
        for (int i = 0; i < layers.Count; i++)
        {
            torch.Tensor loss = OfLayer(
                i,
                inputs.Student.Hidden[layers[i].Student],
                inputs.Teacher.Hidden[layers[i].Teacher].detach(),
                inputs
            );
            total = total is null ? loss : total + loss;
        }
        return total! / layers.Count;
    }

    /// <summary>The loss of one pair, a scalar.</summary>
    /// <param name="index">Number of the pair.</param>
    /// <param name="student">Student block output, all its tokens <c>[B, Ts, Ds]</c>.</param>
    /// <param name="teacher">Teacher block output, all its tokens <c>[B, Tt, Dt]</c>, detached.</param>
    /// <param name="inputs">The step.</param>
    protected abstract torch.Tensor OfLayer(int index, torch.Tensor student, torch.Tensor teacher, LossInputs inputs);
}
