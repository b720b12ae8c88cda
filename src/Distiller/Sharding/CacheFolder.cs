// The folder beside a cache where the parts of its shards are kept.

using System.Text.RegularExpressions;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Caching;

namespace DataFreeKD.Distiller.Sharding;

/// <summary>What lies in <c>FILE.parts/</c>, and what of it is this tool's.</summary>
internal static partial class CacheFolder
{
    /// <summary>The header and the decisions on the held-out images, as the finished file begins.</summary>
    public const string HeadName = "head.bin";

    /// <summary>The folder of a cache.</summary>
    public static string Of(string output) => Path.GetFullPath(output) + ".parts";

    /// <summary>The parts of a cache.</summary>
    public static PartStore StoreOf(string output) => new(Of(output), PartStore.Records);

    /// <summary>The head of a cache that is not joined yet.</summary>
    public static string HeadIn(string folder) => Path.Combine(folder, HeadName);

    /// <summary>Refuses a folder of this name with anything in it that no cache in shards writes.</summary>
    /// <exception cref="DistillException">There is such a folder, or a file of its name.</exception>
    public static void RefuseForeign(string folder)
    {
        if (File.Exists(folder))
            throw new DistillException($"{folder} is a file where the parts of a cache are kept; move it away, or name another output");
        if (!Directory.Exists(folder))
            return;
        string[] entries = Directory.GetFileSystemEntries(folder);
        string? foreign = Array.Find(entries, entry => !IsOwn(entry));
        if (foreign is null && !IsNoted(folder))
            foreign = Array.Find(entries, entry => !AtomicFile.IsTemporary(entry));
        if (foreign is not null)
            throw new DistillException($"{foreign} is in the way: no cache wrote it; move it away, or name another output");
    }

    /// <summary>Removes the plan, first, and what was kept beside it, the head last; and the folder where nothing else is in it. A folder
    /// that no cache made stays.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder) || ShardAttempts.IsLink(folder) || !IsNoted(folder))
            return;
        // First: without a plan, processes that are still at a shard see that there is nothing left to do.
        File.Delete(CachePlan.PathIn(folder));
        new ShardAttempts(folder).RemoveAll();
        foreach (string file in Directory.EnumerateFiles(folder).Where(IsOwn).OrderBy(file => file == HeadIn(folder)).ToArray())
            File.Delete(file);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    // Names alone do not make files ours: the head is the first file and the last one.
    private static bool IsNoted(string folder)
    {
        try
        {
            if (CachePlan.Read(folder) is not null)
                return true;
        }
        catch (DistillException)
        {
            // The head tells.
        }
        if (!File.Exists(HeadIn(folder)))
            return false;
        using FileStream head = File.OpenRead(HeadIn(folder));
        return head.Length > 0 && CacheHeader.Begins(head);
    }

    private static bool IsOwn(string entry) =>
        Path.GetFileName(entry) is var name
        && (Directory.Exists(entry) ? name == ShardAttempts.Name : OwnName().IsMatch(name) || AtomicFile.IsTemporary(entry));

    [GeneratedRegex(@"\A(?:[0-9]{8}\.(?:part|json)|plan\.json|job\.json|failed\.json|head\.bin|\.plan\.json\.[0-9a-f]{32}\.tmp)\z")]
    private static partial Regex OwnName();
}
