// The options of runs as text, and which of them decide the result.

namespace DataFreeKD.Distiller.Output;

internal static class RunOptions
{
    // These decide where and how fast a run goes, not what comes out of it.
    private static readonly string[] WithoutEffect =
    [
        nameof(LoopOptions.Output),
        nameof(LoopOptions.Resume),
        nameof(LoopOptions.Naming),
        nameof(LoopOptions.Overwrite),
        nameof(LoopOptions.Workers),
        nameof(LoopOptions.MaxPixelMemory),
        nameof(LoopOptions.CheckpointEvery),
        nameof(LoopOptions.ToolVersion),
    ];

    /// <summary>The options that decide the result.</summary>
    /// <param name="options">All options of a run.</param>
    /// <param name="others">Names of further options of its kind that do not.</param>
    public static SortedDictionary<string, string> Deciding(object options, params string[] others) =>
        OptionsText.Without([.. WithoutEffect, .. others], options);

    /// <summary>The options that decide the result, as a model card shows them.</summary>
    /// <inheritdoc cref="Deciding"/>
    public static SortedDictionary<string, string> Shown(object options, params string[] others) =>
        OptionsText.Shown(Deciding(options, others));
}
