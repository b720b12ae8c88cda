// The options of a cache as workers on other machines take them up.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Storage;

namespace DataFreeKD.Cli.Engine;

/// <summary>A cache.</summary>
/// <param name="Cache">Its options, with full paths.</param>
internal sealed record CacheJob(CacheOptions Cache)
{
    // Where parts lie is the message's, and whom a worker asks there its own.
    private static readonly JobFile File = new("cache", JobFile.Without(typeof(PartsBucket)));

    /// <summary>The options with full paths: workers begin in other folders.</summary>
    public static CacheOptions Full(CacheOptions options) =>
        options with
        {
            Selection = Path.GetFullPath(options.Selection),
            Teacher = Path.GetFullPath(options.Teacher),
            Output = Path.GetFullPath(options.Output),
        };

    /// <summary>Puts it beside the plan.</summary>
    public void Write(string folder) => File.Write(folder, this);

    /// <summary>Puts it beside the plan.</summary>
    public void Write(IPlanPlace place) => place.WriteJob(File.Bytes(this));

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static CacheJob Read(IPlanPlace place) => File.Read<CacheJob>(place, job => job.Cache is not null);

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static CacheJob Read(string folder) => File.Read<CacheJob>(folder, job => job.Cache is not null);

    /// <summary>The cache's options.</summary>
    /// <param name="threads">CPU threads of this machine, for decoding.</param>
    public CacheOptions Options(int threads) => Cache with { Workers = threads };
}
