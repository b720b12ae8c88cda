// How many steps fill the minutes given: measured once, then kept.

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Times some steps without taking them.</summary>
internal static class StepBudget
{
    private const int WarmUp = 2,
        Timed = 6;

    // Rounded down to these times a power of ten, so that machines that are about as fast take the same number.
    private static readonly double[] Mantissas = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

    /// <summary>The steps of this run; those of an interrupted run are taken up.</summary>
    public static int StepsFor(
        LoopOptions options,
        RunFolder folder,
        Func<int, int, BatchLoader> batches,
        ImageModel model,
        Objective objective,
        IReadOnlyList<TrainedTensor> trained,
        torch.Device device
    )
    {
        if (options.Resume && File.Exists(folder.Steps))
            return int.Parse(File.ReadAllText(folder.Steps), CultureInfo.InvariantCulture);
        StepGradients gradients = new(
            objective,
            model,
            [.. trained.Select(tensor => tensor.Value)],
            options.Accumulate,
            clock: null,
            Microbatches.Of(options, OneProcess.Instance)
        );
        model.train();
        Stopwatch clock = new();
        using (BatchLoader loader = batches(0, WarmUp + Timed))
        {
            for (int step = 0; step < WarmUp + Timed; step++)
            {
                if (step == WarmUp)
                    clock.Start();
                using DisposeScope scope = torch.NewDisposeScope();
                Batch batch = loader.Next();
                gradients.Of(batch, Mixing.Apply(batch.Pixels, options, step), null, new Losses.StepPosition(step, WarmUp + Timed));
            }
        }
        int steps = Rounded(options.Minutes!.Value * 60 * Timed / clock.Elapsed.TotalSeconds);
        AtomicFile.WriteAllText(folder.Steps, steps.ToString(CultureInfo.InvariantCulture));
        return steps;
    }

    /// <summary>The largest of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is at most <paramref name="steps"/>; at least
    /// 1.</summary>
    public static int Rounded(double steps)
    {
        if (steps < 1)
            return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(steps)));
        double most = Mantissas.Last(mantissa => mantissa * power <= steps + 1e-9);
        return (int)Math.Max(1, Math.Floor((most * power) + 1e-9));
    }
}
