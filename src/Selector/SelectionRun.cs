// A selection from end to end: survey the pool, rank it, write the rows taken with their provenance.

using System.Diagnostics;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Measures;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector;

/// <summary>
/// Runs a selection in three streaming passes over the table. Memory is that of the rows taken (about 100 bytes each) plus
/// a bounded sample, whatever the size of the pool.
/// </summary>
public static class SelectionRun
{
    /// <summary>Selects, and writes the selection with its provenance beside it.</summary>
    /// <param name="options">What to select.</param>
    /// <param name="progress">Told the rows read so far, over all passes.</param>
    /// <param name="cancel">Stops the run; nothing is written then.</param>
    /// <exception cref="SelectionException">The options do not make sense.</exception>
    /// <exception cref="TableException">The scores cannot be read, or lack what the method needs.</exception>
    public static SelectionSummary Execute(SelectOptions options, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        Stopwatch clock = Stopwatch.StartNew();
        Passes passes = new(options, progress, cancel);
        Task<string> hash = Task.Run(() => Provenance.HashFile(options.Scores, cancel), cancel);
        Survey survey = Survey.Of(passes);
        TopRanking ranking = TopRanking.Of(passes, survey);
        IReadOnlyDictionary<string, long> classes = SelectionTable.Write(passes, survey, ranking.Chosen);
        SelectionSummary summary = new()
        {
            Output = options.Output,
            Method = options.Method,
            Rows = survey.Rows,
            Usable = survey.Usable,
            Selected = ranking.Chosen.Count,
            Counts = survey.Counts,
            DuplicatesDropped = ranking.Duplicates,
            Classes = classes,
            ClassEntropy = Balance.Entropy(classes.Values),
            Thresholds = ranking.Thresholds,
            Fitted = passes.Score.Fitted,
            Seconds = clock.Elapsed.TotalSeconds,
        };
        SelectionProvenance.Write(options, summary, hash.GetAwaiter().GetResult());
        return summary;
    }
}
