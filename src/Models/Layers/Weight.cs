// Trainable tensors that live as long as their module.

using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Makes parameters.</summary>
internal static class Weight
{
    /// <summary>A parameter that no dispose scope owns: a model may be built inside a scope and outlive it.</summary>
    public static Parameter Of(Tensor start)
    {
        Parameter parameter = new(start, requires_grad: true);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
