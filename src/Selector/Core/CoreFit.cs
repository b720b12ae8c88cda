// Finds the confident core of a pool and fits a score to it.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;
using DataFreeKD.Selector.Statistics;

namespace DataFreeKD.Selector.Core;

/// <summary>
/// Core = the best rows of each predicted class by the score's seed, as many of each: <see cref="Share"/> of the pool in all. From
/// a pool larger than <see cref="SelectOptions.SampleRows"/>, statistics come from the sample that all others come from.
/// </summary>
internal static class CoreFit
{
    /// <summary>Part of the pool that is the core, shared equally among the classes.</summary>
    public const double Share = 0.15;

    private const int LeastOfClass = 5;

    // A covariance of D numbers from fewer rows is mostly noise, whatever is added to its diagonal.
    private const int RowsForEachNumber = 2;

    /// <summary>Fits the score where it wants a core and the pool has one; says what was done, or why nothing was.</summary>
    /// <param name="passes">The table and its score, fitted to the sample's columns; is given where its rows lie.</param>
    /// <param name="scan">The pass just done.</param>
    /// <param name="sample">The sample's columns, then its rows and classes.</param>
    /// <exception cref="SelectionException">The score needs a core, and there is none.</exception>
    public static string? Of(Passes passes, PoolScan scan, IReadOnlyList<double[]> sample)
    {
        if (passes.Score is not ICoreScore score)
            return null;
        (string? rows, string? why) = Fitted(passes, score, scan, sample);
        if (rows is null && score.NeedsCore)
            throw new SelectionException($"method '{passes.Options.Method}' needs the pool's confident core: {why}");
        return rows ?? $"not used: {why}";
    }

    private static (string? Rows, string? Why) Fitted(Passes passes, ICoreScore score, PoolScan scan, IReadOnlyList<double[]> sample)
    {
        if (passes.Embeddings.Path is not { } file)
            return (null, passes.Embeddings.Why);
        if (scan.Counts.ContainsKey($"{Status.Skipped}/cascade"))
            return (null, "a cascade left no embeddings to most of the pool");
        if (scan.Classes.Keys.All(id => id == PoolScan.NoClass))
            return (null, "the teacher has no classes");

        double[] rows = sample[^2],
            classes = sample[^1],
            seeds = Seeds(score, sample);
        bool[] core = Core(rows, classes, seeds);
        (CoreModel? model, string? why) = Model(file, scan.Rows, rows, classes, core);
        if (model is null)
            return (null, why);

        passes.Core = CorePlaces.Of(model, file, passes.Options.Output, passes.Cancel);
        CorePlaces.Cursor places = passes.Core.Read();
        // In the rows' order, whatever the sample's.
        CorePlace[] found = [.. rows.Order().Select(row => places.Of((long)row))];
        score.FitCore(
            RobustScale.Of(seeds),
            RobustScale.Of([.. found.Select(place => -place.Distance)]),
            RobustScale.Of([.. found.Select(place => place.Discriminant)])
        );
        return (
            string.Create(
                CultureInfo.InvariantCulture,
                $"{core.Count(one => one):N0} rows of {scan.Classes.Count} classes, {Path.GetFileName(file)}"
            ),
            null
        );
    }

    /// <summary>The error of a row without embedding.</summary>
    public static TableException Missing(string file, long row) =>
        new(
            $"{file}: row {row + 1} has no embedding, or one that is not finite, though its image was scored; score again with EmbeddingsPath"
        )
        {
            Options = ["EmbeddingsPath"],
        };

    private static double[] Seeds(ICoreScore score, IReadOnlyList<double[]> sample)
    {
        double[] values = new double[sample.Count - 2],
            seeds = new double[sample[0].Length];
        for (int at = 0; at < seeds.Length; at++)
        {
            for (int column = 0; column < values.Length; column++)
                values[column] = sample[column][at];
            seeds[at] = score.Seed(values);
        }
        return seeds;
    }

    // Which rows of the sample are the core; of equal ones the earlier.
    private static bool[] Core(double[] rows, double[] classes, double[] seeds)
    {
        bool[] core = new bool[rows.Length];
        IGrouping<double, int>[] byClass = [.. Enumerable.Range(0, rows.Length).GroupBy(at => classes[at])];
        int share = Math.Max(LeastOfClass, (int)(Share * rows.Length / byClass.Length));
        foreach (int at in byClass.SelectMany(known => known.OrderByDescending(at => seeds[at]).ThenBy(at => rows[at]).Take(share)))
            core[at] = true;
        return core;
    }

    private static (CoreModel? Model, string? Why) Model(string file, long rowsInTable, double[] rows, double[] classes, bool[] core)
    {
        EmbeddingRows.Check(file, rowsInTable);
        using EmbeddingReader reader = EmbeddingReader.Open(file);
        int cores = core.Count(one => one),
            least = RowsForEachNumber * reader.Width;
        if (cores < least)
            return (
                null,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a core of {cores:N0} rows is too small for embeddings of {reader.Width} numbers, {least:N0} are needed"
                )
            );
        Moments pool = new(reader.Width),
            all = new(reader.Width);
        Dictionary<double, (double[] Sum, long Count)> byClass = [];
        int[] order = [.. Enumerable.Range(0, rows.Length).OrderBy(at => rows[at])];
        reader.Read([.. order.Select(at => (long)rows[at])], (next, vector) =>
        {
            int at = order[next];
            if (!EmbeddingRows.IsFinite(vector))
                throw Missing(file, (long)rows[at]);
            pool.Add(vector);
            if (!core[at])
                return;
            all.Add(vector);
            (double[] sum, long count) = byClass.GetValueOrDefault(classes[at], (new double[vector.Length], 0));
            for (int i = 0; i < sum.Length; i++)
                sum[i] += vector[i];
            byClass[classes[at]] = (sum, count + 1);
        });
        pool.Finish();
        all.Finish();
        return (CoreModel.Fit(pool, all, byClass.Values), "the embeddings do not differ");
    }
}
