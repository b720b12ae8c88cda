// A selection from end to end: survey the pool, rank it, write the rows taken with their provenance.

using System.Diagnostics;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Measures;
using DataFreeKD.Selector.Ranking;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Selector;

/// <summary>
/// Runs a selection in streaming passes over the table. Memory is that of the candidates (about 100 bytes each, and their
/// embeddings where these are compared) plus a bounded sample, whatever the size of the pool.
/// </summary>
public static class SelectionRun
{
    /// <summary>Selects, and writes the selection with its provenance beside it.</summary>
    /// <param name="options">What to select.</param>
    /// <param name="progress">Told the rows read so far, over all passes.</param>
    /// <param name="cancel">Stops the run; nothing is written then.</param>
    /// <exception cref="SelectionException">The options do not make sense, or the output is there and not to be replaced.</exception>
    /// <exception cref="OutputException">Another process is writing the output, or it appeared meanwhile.</exception>
    /// <exception cref="TableException">The output is no name of a table, what lies beside it is not this tool's, the scores cannot be
    /// read, or lack what the method needs.</exception>
    public static SelectionSummary Execute(SelectOptions options, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Output, "select", Provenance.PathBeside(options.Output));
        Table.RequireWritable(options.Output);
        string duplicates = DuplicateTable.PathBeside(options.Output);
        Provenance.RefuseForeign(options.Output, options.Overwrite, duplicates);
        if (!options.Overwrite && File.Exists(options.Output))
            throw new SelectionException($"{options.Output} exists; name another output or give Overwrite")
            {
                Options = [nameof(SelectOptions.Overwrite)],
            };
        Stopwatch clock = Stopwatch.StartNew();
        using Passes passes = new(options, progress, cancel);
        passes.RequireEmbeddings();
        options = passes.Options;
        Task<string> hash = Task.Run(() => Provenance.HashFile(options.Scores, cancel), cancel);
        Survey survey = Survey.Of(passes);
        string? embeddings = passes.Embeddings.Path;
        if (embeddings is not null)
            EmbeddingRows.Check(embeddings, survey.Rows);
        TopRanking ranking = TopRanking.Of(passes, survey);
        IReadOnlyList<TakenRow> taken = SetChoice.Of(passes, ranking);
        held.RefuseAppeared(options.Overwrite);
        Provenance.RefuseForeign(options.Output, options.Overwrite, duplicates);
        Provenance.Claim(options.Output, "select", duplicates);
        (IReadOnlyList<string> names, IReadOnlyDictionary<string, long> classes) = SelectionTable.Write(passes, taken);
        (double All, double InClass)? distance = embeddings is null
            ? null
            : Spread.MeanDistances(embeddings, [.. taken.Select(row => row.Ranked.Row)], names);
        int near = DuplicateTable.Write(passes, taken, ranking.Near);
        SelectionSummary summary = new()
        {
            Output = options.Output,
            Method = options.Method,
            Rows = survey.Rows,
            Usable = survey.Usable,
            Selected = taken.Count,
            Counts = survey.Counts,
            DuplicatesDropped = ranking.Duplicates,
            NearDuplicatesDropped = near,
            Candidates = ranking.Candidates.Count,
            MeanDistance = distance?.All,
            MeanDistanceInClass = distance?.InClass,
            Classes = classes,
            ClassEntropy = Balance.Entropy(classes.Values),
            Thresholds = taken
                .AggregateBy(row => row.Class, double.PositiveInfinity, (least, row) => Math.Min(least, row.Ranked.Score))
                .OrderBy(known => known.Key)
                .ToDictionary(known => ranking.NameOf(known.Key), known => known.Value),
            Fitted = passes.Score.Fitted,
            Core = survey.Core,
            Seconds = clock.Elapsed.TotalSeconds,
        };
        SelectionProvenance.Write(options, summary, Blocking.Wait(hash));
        return summary;
    }
}
