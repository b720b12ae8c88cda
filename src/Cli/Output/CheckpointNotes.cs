// What a user should know of how a checkpoint was read.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;

namespace DataFreeKD.Cli.Output;

/// <summary>Shows what loading assumed and noted, to the verb that asked for the model.</summary>
internal static class CheckpointNotes
{
    // Verbs of one process may run side by side: each hears of its own loads.
    private static readonly AsyncLocal<Terminal?> Listening = new();

    static CheckpointNotes()
    {
        ModelStore.Loaded += model => Tell(Lines(model));
        OnnxClassifier.Opened += classifier => Tell(Lines(classifier));
    }

    /// <summary>From here on, within this verb, each load is told.</summary>
    public static void ShowIn(Terminal? terminal) => Listening.Value = terminal;

    /// <inheritdoc cref="Lines(LoadedModel)"/>
    public static IEnumerable<string> Lines(OnnxClassifier classifier)
    {
        yield return $"note: {classifier.Path}: an ONNX graph gives logits alone; columns of attention, features and embeddings stay empty";
        foreach (string note in classifier.Input.Notes)
            yield return $"note: {classifier.Path}: {note}";
        if (ModelFact.Assumed(classifier.Input.Facts) is { } assumed)
            yield return $"warning: {classifier.Path}: {assumed}; where one is another every figure is: give --mean, --std, --interpolation and --crop-pct, or NAME.json or preprocessor_config.json beside the graph";
    }

    private static void Tell(IEnumerable<string> lines)
    {
        if (Listening.Value is not { } terminal)
            return;
        foreach (string line in lines)
            terminal.Note(line);
    }

    /// <summary>Notes, then what was assumed.</summary>
    public static IEnumerable<string> Lines(LoadedModel model)
    {
        foreach (string note in model.Notes)
            yield return $"note: {model.WeightsPath}: {note}";
        if (model.Assumptions is { } assumed)
            yield return $"warning: {model.WeightsPath}: {assumed}{(model.Facts.Any(fact => fact is { Field: "heads", By: FactSource.Assumed }) ? "; with another number of heads every figure is another network's: give --heads, or a config beside the weights" : "")}";
    }
}
