// From candidates to the rows taken: in each class, in each third of difficulty, a spread or the best.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Sets;

/// <summary>Chooses the set.</summary>
internal static class SetChoice
{
    // Cells worked on at once: each of facility location holds 64 MiB.
    private const int Workers = 8;

    /// <summary>The rows taken, best first.</summary>
    public static IReadOnlyList<TakenRow> Of(Passes passes, TopRanking ranking)
    {
        SetOptions options = passes.Options.Set;
        IReadOnlyList<Candidate> candidates = ranking.Candidates;
        List<Cell> cells = [.. Cells(passes, ranking)];
        UnitVectors? vectors =
            options.Diversity == Diversity.None
                ? null
                : ranking.Vectors ?? UnitVectors.Read(options.Embeddings!, [.. candidates.Select(row => row.Ranked.Row)]);
        int[][] chosen = new int[cells.Count][];
        Parallel.For(
            0,
            cells.Count,
            new ParallelOptions
            {
                CancellationToken = passes.Cancel,
                MaxDegreeOfParallelism = Math.Min(Workers, Environment.ProcessorCount),
            },
            cell => chosen[cell] = Choose(options.Diversity, vectors, cells[cell], passes.Cancel)
        );

        HashSet<long> liked = [.. ranking.Near.Select(copy => copy.Like)];
        int group = 0;
        List<TakenRow> taken = [];
        foreach (
            (int at, Difficulty? level) in chosen
                .Zip(cells)
                .SelectMany(pair => pair.First.Select(at => (at, pair.Second.Difficulty)))
                .OrderBy(row => row.at)
        )
        {
            (RankedRow ranked, long id) = candidates[at];
            taken.Add(new TakenRow(ranked, id, liked.Contains(ranked.Row) ? ++group : 0, level));
        }
        return taken;
    }

    private static int[] Choose(Diversity diversity, UnitVectors? vectors, Cell cell, CancellationToken cancel) =>
        cell.Take == cell.Candidates.Length || vectors is null
            ? cell.Candidates[..cell.Take]
            : Parts.Choose(diversity, vectors.Of(cell.Candidates), cell.Take, cancel: cancel).Select(at => cell.Candidates[at]).ToArray();

    private static IEnumerable<Cell> Cells(Passes passes, TopRanking ranking)
    {
        double[]? confidence = passes.Options.Set.Difficulty is null ? null : Confidence(passes, ranking.Candidates);
        foreach (IGrouping<long, int> ofClass in Enumerable.Range(0, ranking.Candidates.Count).GroupBy(at => ranking.Candidates[at].Class))
        {
            int[] places = [.. ofClass];
            int take = (int)Math.Min(ranking.Shares[ofClass.Key], places.Length);
            if (confidence is null)
                yield return new Cell(places, take, null);
            else
                foreach ((Difficulty level, int[] third, int part) in passes.Options.Set.Difficulty!.Split(places, confidence, take))
                    yield return new Cell(third, part, level);
        }
    }

    private static double[] Confidence(Passes passes, IReadOnlyList<Candidate> candidates)
    {
        double[] confidence = new double[candidates.Count];
        RowVisit.Each(passes, [.. candidates.Select(row => row.Ranked.Row)], (table, at) =>
            confidence[at] = ConfidenceOf(table, passes.Options)
        );
        return confidence;
    }

    /// <summary>The teacher's confidence in the current row.</summary>
    /// <exception cref="TableException">The row has none.</exception>
    public static double ConfidenceOf(TableReader table, SelectOptions options)
    {
        double confidence = table.Number(table.Header.Require("confidence"));
        return double.IsNaN(confidence)
            ? throw new TableException(
                $"{options.Scores}: line {table.Line} has no confidence to tell easy from hard by; score the images with a teacher that has a classifier head"
            )
            : confidence;
    }

    private sealed record Cell(int[] Candidates, int Take, Difficulty? Difficulty);
}
