// What the loss is multiplied by so that gradients in float16 neither vanish nor leave its range.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Optimisation;

/// <summary>A scale that halves when a gradient is no number and doubles after many that are (Micikevicius et al., "Mixed Precision
/// Training", ICLR 2018).</summary>
internal sealed class LossScale
{
    private const string Key = "loss_scale";

    // PyTorch's own but for the interval, which is 2,000 there: runs of this tool have hundreds of steps.
    private const double Start = 65536,
        Least = 1;
    private const int Interval = 200;

    private int good;

    /// <summary>The factor of the next step.</summary>
    public double Value { get; private set; } = Start;

    /// <summary>Looks at a step's gradients, without the factor, in one read of the device; whether the step may be taken.</summary>
    /// <param name="gradients">Of all leaves.</param>
    /// <param name="step">Counts from 0.</param>
    /// <exception cref="DistillException">The smallest scale is still too large.</exception>
    public bool Accepts(IReadOnlyList<torch.Tensor> gradients, int step)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor norms = torch.stack([.. gradients.Select(gradient => torch.linalg.vector_norm(gradient, 2))]);
        if (double.IsFinite(HostReads.Doubles(norms.sum())[0]))
        {
            if (++good == Interval)
                (Value, good) = (Value * 2, 0);
            return true;
        }
        if (Value <= Least)
            throw new DistillException(
                $"gradients in float16 stopped being numbers at step {step + 1}; lower the learning rate or the loss weights, or take Amp BFloat16"
            )
            {
                Options = [nameof(LoopOptions.Amp)],
            };
        (Value, good) = (Value / 2, 0);
        return false;
    }

    /// <summary>What a checkpoint holds of it.</summary>
    public KeyValuePair<string, torch.Tensor> State => KeyValuePair.Create(Key, torch.tensor([Value, good]));

    /// <summary>Takes saved state.</summary>
    public void Load(IReadOnlyDictionary<string, torch.Tensor> saved)
    {
        double[] values = HostReads.Doubles(saved[Key]);
        (Value, good) = (values[0], (int)values[1]);
    }
}
