// The pass before the first row: a sample of the pool, scored fully, from which the cascade is learned.

using System.Globalization;

namespace DataFreeKD.Probe.Cascade;

/// <summary>Learns the cascade for one pool.</summary>
internal static class CascadeRun
{
    private sealed record Seen(IReadOnlyList<string?> Row, float[][] Features);

    /// <summary>Deterministic in the images and options.</summary>
    /// <param name="options">Those of the run, with a cascade.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="inputs">The pool.</param>
    /// <param name="columns">The table's columns.</param>
    /// <param name="row">The table's row of an image.</param>
    /// <param name="cancel">Ends the pass.</param>
    /// <returns>The cascade, and the sample's rows of the table.</returns>
    /// <exception cref="ScoreException">The table lacks what the ranking reads.</exception>
    public static (CascadeModel Model, IReadOnlyList<IReadOnlyList<string?>> Sample) Learn(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        IReadOnlyList<string> columns,
        Func<ScoredInput, IReadOnlyList<string?>> row,
        CancellationToken cancel
    )
    {
        CascadeOptions cascade = options.Cascade!;
        (IReadOnlyList<string> read, Func<IReadOnlyList<double[]>, double[]> score) = cascade.Ranking.Bind(columns);
        int[] at = [.. read.Select(column => columns.ToList().IndexOf(column))];
        var sample = new PlaceSample<Seen>(cascade.Sample);
        long pool = 0;
        IEnumerable<ScoreInput> wanted = inputs.Enumerate(cancel).Where(input => sample.Wants(pool++));
        foreach (
            IReadOnlyList<(ScoredInput Image, float[][]? Features)> batch in BatchWorkers.Run(
                teacher.Bounded(wanted),
                teacher.BatchSize,
                teacher.Workers,
                teacher.CascadeSample,
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            foreach ((ScoredInput image, float[][]? features) in batch)
            {
                if (features is null)
                    continue;
                sample.Add(image.Image.Input.Place, new Seen(row(image), features));
            }
        }
        Seen[] seen = [.. sample.Items];
        double[] scores =
            seen.Length == 0
                ? []
                : score([
                    .. at.Select(column => seen.Select(image => double.Parse(image.Row[column]!, CultureInfo.InvariantCulture)).ToArray()),
                ]);
        return (
            CascadeLearning.Of([.. seen.Select(image => image.Features)], teacher.CascadeCandidates, teacher.Depth, scores, pool, cascade),
            [.. seen.Select(image => image.Row)]
        );
    }
}
