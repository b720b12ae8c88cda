// Where the plan of a scoring run lies: beside its table, or where the user said.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Sharding;

/// <summary>Places of plans.</summary>
internal static class ScorePlace
{
    /// <summary>The folder beside a table.</summary>
    public static IPlanPlace Beside(string output, params IEnumerable<string> shared) =>
        new FolderPlace(
            ScoreJournal.FolderOf(output),
            PartStore.Table,
            () => (OutputLock.TryTake(output, "score", out string? holder, shared), holder),
            () => ScoreJournal.Remove(ScoreJournal.FolderOf(output))
        );

    /// <summary>The place of a run.</summary>
    /// <param name="options">The run.</param>
    /// <param name="joins">Whether this process joins the parts, and holds the output: what it brings then lies beside it.</param>
    /// <param name="cancel">Ends every request.</param>
    /// <exception cref="ScoreException">A plan of its own lies beside the output.</exception>
    public static IPlanPlace Of(ScoreOptions options, bool joins = false, CancellationToken cancel = default)
    {
        if (options.Parts is not { } bucket)
            return Beside(options.Output, ScoreOutput.Shared(options));
        string folder = ScoreJournal.FolderOf(options.Output);
        if (File.Exists(ScorePlan.PathIn(folder)))
            throw new ScoreException($"{folder} holds a plan of its own; finish that one without Parts, or name another output")
            {
                Options = [nameof(ScoreOptions.Parts)],
            };
        return bucket.Open(PartStore.Table, Provenance.ToolVersion, joins ? folder : null, cancel);
    }
}
