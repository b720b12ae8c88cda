// Where the plan of a cache lies: beside it, or where the user said.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Sharding;

/// <summary>Places of plans.</summary>
internal static class CachePlace
{
    /// <summary>The folder beside a cache.</summary>
    public static IPlanPlace Beside(string output) =>
        new FolderPlace(
            CacheFolder.Of(output),
            PartStore.Records,
            () => (OutputLock.TryTake(output, "cache", out string? holder, Provenance.PathBeside(output)), holder),
            () => CacheFolder.Remove(CacheFolder.Of(output))
        );

    /// <summary>The place of a run.</summary>
    /// <param name="options">The run.</param>
    /// <param name="joins">Whether this process joins the parts, and holds the output: what it brings then lies beside it.</param>
    /// <param name="cancel">Ends every request.</param>
    /// <exception cref="DistillException">A plan of its own lies beside the output.</exception>
    public static IPlanPlace Of(CacheOptions options, bool joins = false, CancellationToken cancel = default)
    {
        if (options.Parts is not { } bucket)
            return Beside(options.Output);
        string folder = CacheFolder.Of(options.Output);
        if (File.Exists(CachePlan.PathIn(folder)))
            throw new DistillException($"{folder} holds a plan of its own; finish that one without --parts, or name another output");
        return bucket.Open(PartStore.Records, Provenance.ToolVersion, joins ? folder : null, cancel);
    }
}
