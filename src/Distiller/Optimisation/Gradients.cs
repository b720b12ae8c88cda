// Gradients for a run that learns, whatever its caller has turned off.

using TorchSharp;

namespace DataFreeKD.Distiller.Optimisation;

/// <summary>Leaves the caller's <c>inference_mode</c> and <c>no_grad</c>: weights made in them can never learn, and libtorch ends the
/// process when it is asked for their gradients.</summary>
internal sealed class Gradients : IDisposable
{
    private readonly IDisposable inference,
        grad;

    private Gradients()
    {
        inference = torch.inference_mode(false);
        grad = torch.enable_grad();
    }

    /// <summary>Until disposed, this thread computes gradients.</summary>
    public static Gradients On() => new();

    public void Dispose()
    {
        grad.Dispose();
        inference.Dispose();
    }
}
