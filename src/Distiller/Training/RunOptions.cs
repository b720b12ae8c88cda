// The options of runs as text, and which of them decide the result.

using DataFreeKD.Distiller.Pruning;

namespace DataFreeKD.Distiller.Training;

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
        nameof(PruneOptions.MaxActivationMemory),
    ];

    /// <summary>The options that decide the result.</summary>
    public static SortedDictionary<string, string> Deciding(object options) => OptionsText.Without(WithoutEffect, options);

    /// <summary>The options that decide the result, as a model card shows them.</summary>
    public static SortedDictionary<string, string> Shown(object options) => OptionsText.Shown(Deciding(options));
}
