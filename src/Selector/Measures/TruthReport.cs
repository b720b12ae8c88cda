// How good scores and selection methods are on a pool whose answers are known. For tests and benchmarks: selecting never reads answers.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Core;
using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Ranking;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Selector.Measures;

/// <summary>The figures of one score or method.</summary>
/// <param name="Name">The column (with <c>-</c> where lower is more useful) or the method.</param>
/// <param name="All">AUROC of in-distribution against everything else.</param>
/// <param name="Natural">AUROC against the natural rest of the pool only.</param>
/// <param name="Outliers">AUROC with the natural rest left out: against outliers, and copies of anything.</param>
/// <param name="Precision">In-distribution part of the best rows, by how many of them.</param>
/// <param name="Kinds">AUROC against each source asked for, and against all of them together under <c>kinds</c>; empty where none
/// is.</param>
internal sealed record TruthLine(
    string Name,
    double All,
    double Natural,
    double Outliers,
    IReadOnlyDictionary<int, double> Precision,
    IReadOnlyDictionary<string, double> Kinds
);

/// <summary>Measures scores against a table of answers.</summary>
internal sealed record TruthReport
{
    /// <summary>One line a score column, then one a selection method.</summary>
    public required IReadOnlyList<TruthLine> Lines { get; init; }

    /// <summary>Rows with status ok and an answer.</summary>
    public required int Rows { get; init; }

    /// <summary>Measures every score column and every selection method that the table allows.</summary>
    /// <param name="scoresPath">A scores table.</param>
    /// <param name="truthPath">A table with <c>key</c> (a file name: of the row's <c>path</c>, or of the <c>source</c> that a crawl took it
    /// from), <c>source</c> and <c>in_distribution</c> (0 or 1).</param>
    /// <param name="naturalSource">The source that is the natural rest of the pool; null for the most frequent one that is not in
    /// distribution.</param>
    /// <param name="precisionAt">How many of the best rows precision is taken over, each in turn; null for 10,000.</param>
    /// <param name="negatives">A scores table for the method <c>learned</c>; left out without one.</param>
    /// <param name="kinds">Sources to measure against one by one, and together.</param>
    /// <param name="embeddings">The embeddings for the pool's confident core, as <see cref="SetOptions.Embeddings"/>.</param>
    /// <exception cref="TableException">A table cannot be read, no row has an answer, or none is of a source asked for.</exception>
    public static TruthReport Measure(
        string scoresPath,
        string truthPath,
        string? naturalSource = null,
        IReadOnlyList<int>? precisionAt = null,
        string? negatives = null,
        IReadOnlyList<string>? kinds = null,
        string? embeddings = null
    )
    {
        TruthJoin join = TruthJoin.Of(scoresPath, truthPath, naturalSource);
        join.RequireSources(kinds ?? []);
        TruthLine Line(string name, double[] values) =>
            new(
                name,
                join.Auroc(values, join.Everything),
                join.Auroc(values, join.Natural),
                join.Auroc(values, join.WithoutNatural),
                (precisionAt ?? [10_000]).ToDictionary(count => count, count => RankingMeasures.PrecisionAt(values, join.Positive, count)),
                kinds is not { Count: > 0 }
                    ? new Dictionary<string, double>()
                    : kinds
                        .Select(kind => (Name: kind, Among: new[] { kind }))
                        .Append((Name: "kinds", Among: [.. kinds]))
                        .ToDictionary(of => of.Name, of => join.Auroc(values, join.AgainstSources(of.Among)))
            );
        List<TruthLine> lines = [];
        foreach (string column in join.Header.Columns)
        {
            if (ScoreDirection.Of(column) is var direction && direction == 0)
                continue;
            double[] values = Array.ConvertAll(join.Numbers(column), value => direction * value);
            if (!values.Any(double.IsNaN))
                lines.Add(Line(direction < 0 ? "-" + column : column, values));
        }
        SelectOptions common = new()
        {
            Scores = scoresPath,
            Output = scoresPath + ".unused.csv",
            Budget = 1,
            Negatives = negatives,
            Set = new SetOptions { Embeddings = embeddings },
        };
        common = common with { Set = common.Set with { Embeddings = EmbeddingRows.Of(common).Path ?? SetOptions.NoEmbeddings } };
        if (common.Set.Embeddings is { } file && file != SetOptions.NoEmbeddings)
            EmbeddingRows.Check(file, join.RowsInTable);
        foreach (ScoreMethod method in ScoreCatalogue.All)
        {
            SelectOptions options = common with
            {
                Method = method.Name,
                Blocks = method.Name == "official" ? OfficialBlocks(join.Header) : [],
            };
            if (method.Name == "learned" && negatives is null)
                continue;
            if (Scores(method, options, join) is { } values)
                lines.Add(Line(method.Name, values));
        }
        return new TruthReport { Lines = lines, Rows = join.Rows };
    }

    // The published blocks where probed, else the same depths among as many blocks.
    private static int[] OfficialBlocks(TableHeader header)
    {
        int[] probed = ProbeBlocks.Probed(header);
        return probed.Contains(3) && probed.Contains(7) || probed.Length < 2
            ? []
            : [probed[probed.Length / 4], probed[7 * probed.Length / 12]];
    }

    private static double[]? Scores(ScoreMethod method, SelectOptions options, TruthJoin join)
    {
        RowScore score;
        try
        {
            score = method.Bind(join.Header, options);
        }
        catch (TableException)
        {
            // A table without the method's columns says nothing about the method.
            return null;
        }
        if (score is not ICoreScore core)
            return ByColumns(score, join);
        if (options.Set.Embeddings != SetOptions.NoEmbeddings)
            return score.Columns.Any(column => join.Numbers(column).Any(double.IsNaN)) ? null : ByPasses(options, join, core.NeedsCore);
        return core.NeedsCore ? null : ByColumns(score, join);
    }

    private static double[]? ByColumns(RowScore score, TruthJoin join)
    {
        double[][] columns = [.. score.Columns.Select(join.Numbers)];
        if (columns.Any(column => column.Any(double.IsNaN)))
            return null;
        if (score.NeedsFit)
            score.Fit(columns);
        double[] values = new double[join.Rows];
        double[] row = new double[columns.Length];
        for (int at = 0; at < values.Length; at++)
        {
            for (int column = 0; column < row.Length; column++)
                row[column] = columns[column][at];
            values[at] = score.Evaluate(row, SplitMix64.Hash((ulong)at));
        }
        return values;
    }

    // A core is that of the whole table.
    private static double[]? ByPasses(SelectOptions options, TruthJoin join, bool needed)
    {
        using Passes passes = new(options, null, CancellationToken.None);
        try
        {
            Survey.Of(passes);
        }
        catch (SelectionException) when (needed)
        {
            // There is no core, and so nothing to measure.
            return null;
        }
        Dictionary<long, double> scores = [];
        using PoolScan scan = passes.Scan();
        while (scan.Next())
            scores[scan.Row] = scan.Score;
        return [.. join.Places.Select(place => scores.GetValueOrDefault(place, double.NegativeInfinity))];
    }
}
