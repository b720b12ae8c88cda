// The figures of steps that are on the device still.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Keeps what each step measured where it was computed, and reads many steps at once: a read waits for the device, which has
/// nothing to do while the host prepares the next step. What is read are the same numbers, step by step, as if each had been read at
/// once.</summary>
internal sealed class PendingFigures(RunLog log) : IDisposable
{
    // A loss that is no number any more is noticed after so many steps at the latest, whatever the interval of rows.
    private const int Most = 100;

    private readonly List<(int Step, torch.Tensor Figures)> pending = [];

    /// <summary>Keeps a step's figures, scalars in the order of the log's names; <paramref name="step"/> counts from 0.</summary>
    public void Add(int step, params ReadOnlySpan<torch.Tensor> scalars)
    {
        using IDisposable off = torch.no_grad();
        torch.Tensor[] flat = new torch.Tensor[scalars.Length];
        for (int i = 0; i < scalars.Length; i++)
            flat[i] = scalars[i].detach().reshape([]);
        pending.Add((step, torch.stack(flat).to_type(torch.ScalarType.Float64).DetachFromDisposeScope()));
        if (pending.Count >= Most)
            Read();
    }

    /// <summary>Hands all of them to the log.</summary>
    /// <exception cref="DistillException">A figure is no number, with the first step where that is so.</exception>
    public void Read()
    {
        if (pending.Count == 0)
            return;
        using DisposeScope scope = torch.NewDisposeScope();
        double[] all = HostReads.Doubles(torch.stack([.. pending.Select(one => one.Figures)]));
        int each = all.Length / pending.Count;
        for (int i = 0; i < pending.Count; i++)
        {
            ReadOnlySpan<double> figures = all.AsSpan(i * each, each);
            foreach (double figure in figures)
            {
                if (!double.IsFinite(figure))
                    throw new DistillException(
                        $"the loss or its gradient stopped being a number at step {pending[i].Step + 1}; lower the learning rate or the loss weights"
                    );
            }
            log.Add(figures);
        }
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, torch.Tensor figures) in pending)
            figures.Dispose();
        pending.Clear();
    }
}
