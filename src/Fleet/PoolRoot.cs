// The folder that a worker may read and write.

namespace DataFreeKD.Fleet;

/// <summary>Refuses paths that lead out of a folder, once links are followed.</summary>
internal sealed class PoolRoot
{
    private const string Bucket = "s3://";

    private readonly string root;
    private readonly IReadOnlyList<string> buckets;
    private Tuple<string, bool>? last;

    /// <param name="folder">The folder.</param>
    /// <param name="buckets">Prefixes of buckets that plans and parts may lie below besides.</param>
    /// <exception cref="EngineException">There is none.</exception>
    public PoolRoot(string folder, IReadOnlyList<string>? buckets = null)
    {
        this.buckets = buckets ?? [];
        if (!Directory.Exists(folder))
            throw new EngineException($"Root {folder}: there is no such folder; give the one that all machines see the pool at")
            {
                Options = [nameof(WorkerOptions.Root)],
            };
        root = FinalPath.Of(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
    }

    /// <summary>Whether a path, which need not exist, leads to the folder or into it.</summary>
    public bool Holds(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string full = Path.GetFullPath(path);
        // Images lie side by side: their folder is looked at once, and the last step each time.
        if (Path.GetDirectoryName(full) is { Length: > 0 } folder && !IsLink(full))
        {
            if (last is not { } seen || seen.Item1 != folder)
                last = seen = Tuple.Create(folder, IsWithin(FinalPath.Of(folder)));
            return seen.Item2 || IsWithin(FinalPath.Of(full));
        }
        return IsWithin(FinalPath.Of(full));
    }

    /// <summary>Refuses a path that leads elsewhere.</summary>
    /// <exception cref="ShardRefusedException">It does.</exception>
    public void Require(string path)
    {
        if (!Holds(path))
            throw new ShardRefusedException($"{path} is not within --root {root}");
    }

    /// <summary>Refuses a plan that lies elsewhere.</summary>
    /// <param name="folder">Its folder, or the prefix of a bucket.</param>
    /// <exception cref="ShardRefusedException">It does.</exception>
    public void RequirePlan(string folder)
    {
        if (!IsInBucket(folder))
            Require(folder);
        else if (!buckets.Any(bucket => folder == bucket || folder.StartsWith(bucket + "/", StringComparison.Ordinal)))
            throw new ShardRefusedException($"{folder} is not below a --parts of this worker");
    }

    /// <summary>Whether a plan's folder is the prefix of a bucket.</summary>
    public static bool IsInBucket(string folder) => folder.StartsWith(Bucket, StringComparison.Ordinal);

    private bool IsWithin(string path) =>
        path == root
        || path.StartsWith(Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;
}
