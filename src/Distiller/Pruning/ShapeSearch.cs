// Which shape to take: the best within a budget, or the knee of the frontier.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Tries shapes by fitting each on few images.</summary>
/// <param name="teacher">No size exceeds its.</param>
/// <param name="trial">Fits and measures a shape.</param>
internal sealed class ShapeSearch(VitConfig teacher, Func<VitConfig, Nearness> trial)
{
    // Shares of the teacher's parameters that a frontier shows.
    private static readonly double[] Shares = [0.55, 0.35, 0.22, 0.15, 0.10, 0.06, 0.035];

    private const int MostTrials = 10;

    // A shape is better where its divergence falls by more than chance would have it.
    private const double LeastGain = 0.01;

    private readonly Dictionary<VitConfig, Nearness> tried = [];

    /// <summary>Every shape tried, with what it gave, in the order of trial.</summary>
    public IReadOnlyDictionary<VitConfig, Nearness> Tried => tried;

    /// <summary>The best shape that hill climbing finds within a bound, beginning with all blocks and heads.</summary>
    /// <param name="cost">What is bounded.</param>
    /// <param name="bound">At most so much.</param>
    /// <param name="budget">For the message.</param>
    /// <exception cref="DistillException">No shape is that small.</exception>
    public VitConfig Within(Func<VitConfig, double> cost, double bound, string budget)
    {
        StudentShape at = StudentShape.For(teacher, bound / cost(teacher));
        VitConfig? best = at.Widest(teacher, cost, bound);
        // Too small for all heads and blocks: give those up first.
        while (best is null && (at.Depth > 1 || at.Heads > 1))
        {
            at = at.Heads > 1 ? at with { Heads = Math.Max(1, at.Heads / 2) } : at with { Depth = Math.Max(1, at.Depth / 2) };
            best = at.Widest(teacher, cost, bound);
        }
        if (best is null)
            throw new DistillException($"no student is within {budget}: the smallest has one block and one head; give more");
        double divergence = Try(best);
        for (bool moved = true; moved && tried.Count < MostTrials;)
        {
            moved = false;
            foreach (StudentShape near in at.Neighbours(teacher))
            {
                if (tried.Count >= MostTrials)
                    break;
                if (near.Widest(teacher, cost, bound) is not { } shape || tried.ContainsKey(shape) || !Fits(shape))
                    continue;
                double its = Try(shape);
                if (its >= divergence * (1 - LeastGain))
                    continue;
                (at, best, divergence, moved) = (near, shape, its, true);
                break;
            }
        }
        return best;
    }

    /// <summary>Shapes with all blocks and heads over a range of sizes, and of them the knee: the one furthest above the chord from the
    /// smallest to the largest, agreement over the logarithm of parameters.</summary>
    public VitConfig Knee()
    {
        long all = ShapeCost.Parameters(teacher);
        VitConfig[] shapes =
        [
            .. Shares
                .Select(share => StudentShape.For(teacher, share).Widest(teacher, shape => ShapeCost.Parameters(shape), share * all))
                .OfType<VitConfig>()
                .Where(Fits)
                .Distinct(),
        ];
        if (shapes.Length == 0)
            throw new DistillException("the teacher is too small for a frontier; give the student's shape");
        foreach (VitConfig shape in shapes)
            Try(shape);
        return KneeOf([.. shapes.Select(shape => (shape, (double)ShapeCost.Parameters(shape), tried[shape].Agreement))]);
    }

    /// <summary>The knee of (parameters, agreement) points.</summary>
    public static VitConfig KneeOf(IReadOnlyList<(VitConfig Shape, double Parameters, double Agreement)> points)
    {
        double Size((VitConfig, double Parameters, double) point) => Math.Log(point.Parameters);
        double low = points.Min(Size),
            high = points.Max(Size),
            worst = points.Min(point => point.Agreement),
            best = points.Max(point => point.Agreement);
        if (!(high > low) || !(best > worst))
            return points.MinBy(Size).Shape;
        return points.MaxBy(point => ((point.Agreement - worst) / (best - worst)) - ((Size(point) - low) / (high - low))).Shape;
    }

    private bool Fits(VitConfig shape) => shape.Width <= teacher.Width && shape.MlpHidden <= teacher.MlpHidden;

    private double Try(VitConfig shape)
    {
        if (!tried.TryGetValue(shape, out Nearness? nearness))
            tried[shape] = nearness = trial(shape);
        return nearness.Divergence;
    }
}
