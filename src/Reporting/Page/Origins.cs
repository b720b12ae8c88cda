// What stands beside the tables: how they came about.

using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Page;

/// <summary>The provenance of the tables.</summary>
/// <param name="Scores">Of the scores; null where there is none.</param>
/// <param name="Selection">Of the selection; null where there is none.</param>
/// <param name="SelectionFits">Whether the selection was made from these very scores; null where nobody can tell.</param>
internal sealed record Origins(Provenance? Scores, Provenance? Selection, bool? SelectionFits)
{
    public static Origins Of(ReportOptions options, CancellationToken cancel)
    {
        Provenance? selection = options.Selection is { } table ? Provenance.ReadBeside(table) : null;
        bool? fits = selection is not { Inputs.Count: > 0 }
            ? null
            : selection.Inputs.Values.Contains(Provenance.HashFile(options.Scores, cancel));
        return new Origins(Provenance.ReadBeside(options.Scores), selection, fits);
    }
}
