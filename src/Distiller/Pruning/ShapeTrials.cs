// The search for a shape within a budget: every shape tried is fitted on few images and measured on held-out ones.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

internal static class ShapeTrials
{
    /// <summary>Searches.</summary>
    /// <param name="options">The budget, and the images of a trial.</param>
    /// <param name="teacher">The teacher, on <paramref name="device"/>.</param>
    /// <param name="pixels">Where images come from.</param>
    /// <param name="train">The images to fit on.</param>
    /// <param name="judge">Measures a student; null where nothing is held out.</param>
    /// <param name="settings">How a student is fitted.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="tried">Told how many shapes were tried.</param>
    /// <param name="cancel">Cancels between batches.</param>
    /// <returns>The shape taken, and all that were tried by falling parameters.</returns>
    /// <exception cref="DistillException">Nothing is held out, or no shape is within the budget.</exception>
    public static (VitConfig Chosen, IReadOnlyList<FrontierPoint> Frontier) Search(
        PruneSettings options,
        VisionTransformer teacher,
        SlotPixels pixels,
        int[] train,
        HeldOutJudge? judge,
        FitSettings settings,
        torch.Device device,
        Action<long> tried,
        CancellationToken cancel
    )
    {
        if (judge is null)
            throw new DistillException(
                "shapes are compared by agreement on held-out images, and none is held out; give the student's shape, or hold images out"
            );
        long trials = 0;
        using ClosedFormPruning pruning = new(teacher, pixels, train[..Math.Min(options.TrialImages, train.Length)], settings, device);
        pruning.Observe(cancel);
        ShapeSearch search = new(teacher.Config, shape =>
        {
            using VisionTransformer student = pruning.Fit(shape, BlockChoice.Of(pruning.Influence, shape.Depth), cancel: cancel);
            Nearness nearness = judge.Of(student, cancel);
            tried(++trials);
            return nearness;
        });
        VitConfig chosen;
        if (options.Size is { } budget)
        {
            double cost(VitConfig shape) => ShapeCost.Of(shape, budget.Unit, device);
            chosen = search.Within(
                cost,
                budget.Bound(budget.Unit == BudgetUnit.LatencyMs ? 0 : cost(teacher.Config)),
                FormattableString.Invariant(
                    $"{budget.Value} {budget.Unit switch { BudgetUnit.Parameters => "of the parameters", BudgetUnit.Macs => "of the multiply-accumulates", _ => "milliseconds an image" }}"
                )
            );
        }
        else
        {
            chosen = search.Knee();
        }
        IReadOnlyList<FrontierPoint> frontier =
        [
            .. search
                .Tried.OrderByDescending(pair => ShapeCost.Parameters(pair.Key))
                .Select(pair => new FrontierPoint
                {
                    Student = pair.Key.Name,
                    Parameters = ShapeCost.Parameters(pair.Key),
                    Macs = ModelSummary.Macs(pair.Key),
                    ImagesPerSecond = pair.Value.ImagesPerSecond,
                    Agreement = pair.Value.Agreement,
                    Divergence = pair.Value.Divergence,
                    Estimate = pair.Value.Estimate,
                    Retained = pair.Value.Retained,
                    Chosen = pair.Key == chosen,
                }),
        ];
        return (chosen, frontier);
    }
}
