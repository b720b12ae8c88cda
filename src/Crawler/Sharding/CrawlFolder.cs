// The folder beside a store where a crawl by several processes is kept.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Crawler.Sharding;

/// <summary>What lies in <c>STORE.parts/</c>, and what of it is this tool's.</summary>
internal static class CrawlFolder
{
    /// <summary>Locks of partitions, and what is known of their hosts.</summary>
    public const string Partitions = "partitions";

    /// <summary>Files of hosts that lie at hosts of other partitions.</summary>
    public const string Origins = "origins";

    /// <summary>Targets of levels.</summary>
    public const string Levels = "levels";

    /// <summary>Members of archives.</summary>
    public const string Archives = "archives";

    /// <summary>Files of processes at work.</summary>
    public const string Scratch = "scratch";

    /// <summary>Makes the folder, unless something is there that no crawl wrote.</summary>
    /// <exception cref="CrawlException">Something is.</exception>
    public static void Claim(string folder)
    {
        if (File.Exists(folder))
            throw new CrawlException($"{folder} is a file where the plan of the shards is kept; move it away, or name another store");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).FirstOrDefault(entry => !IsOwn(entry)) is { } foreign)
            throw new CrawlException($"{foreign} is in the way: no crawl wrote it; move it away, or name another store");
        Directory.CreateDirectory(folder);
    }

    /// <summary>Removes the plan, first, and what was kept beside it; and the folder where nothing else is in it.</summary>
    public static void Remove(string folder)
    {
        // First: without a plan, processes that are still at a partition see that there is nothing left to do.
        File.Delete(CrawlShardPlan.PathIn(folder));
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder).Where(IsOwn).ToArray())
        {
            if (ShardAttempts.IsLink(entry))
                continue;
            if (Directory.Exists(entry))
                Directory.Delete(entry, recursive: true);
            else
                File.Delete(entry);
        }
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private static bool IsOwn(string entry) =>
        Path.GetFileName(entry)
            is "plan.json"
                or ".plan.json.lock"
                or ShardJson.JobName
                or CrawlRounds.Name
                or Partitions
                or Origins
                or Levels
                or Archives
                or Scratch
                or ShardAttempts.Name
        || AtomicFile.IsTemporary(entry);
}
