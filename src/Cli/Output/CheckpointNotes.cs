// What a user should know of how a checkpoint was read.

using DataFreeKD.Models;

namespace DataFreeKD.Cli.Output;

/// <summary>Shows what loading assumed and noted, to the verb that asked for the model.</summary>
internal static class CheckpointNotes
{
    // Verbs of one process may run side by side: each hears of its own loads.
    private static readonly AsyncLocal<Terminal?> Listening = new();

    static CheckpointNotes() => ModelStore.Loaded += model =>
    {
        if (Listening.Value is not { } terminal) return;
        foreach (string line in Lines(model)) terminal.Note(line);
    };

    /// <summary>From here on, within this verb, each load is told.</summary>
    public static void ShowIn(Terminal? terminal) => Listening.Value = terminal;

    /// <summary>Notes, then what was assumed.</summary>
    public static IEnumerable<string> Lines(LoadedModel model)
    {
        foreach (string note in model.Notes) yield return $"note: {model.WeightsPath}: {note}";
        if (model.Assumptions is { } assumed) yield return $"warning: {model.WeightsPath}: {assumed}{(model.Facts.Any(fact => fact is { Field: "heads", By: FactSource.Assumed }) ? "; with another number of heads every figure is another network's: give --heads, or a config beside the weights" : "")}";
    }
}
