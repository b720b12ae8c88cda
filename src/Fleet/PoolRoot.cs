// What a worker may read and write: a folder, and objects that it was told of.

namespace DataFreeKD.Fleet;

/// <summary>Refuses paths that lead out of a folder, once links are followed, and objects that were not named.</summary>
internal sealed class PoolRoot
{
    private const string Scheme = "s3://";

    private readonly string root;
    private readonly string[] buckets;
    private readonly IReadOnlyList<string> plans;
    private Tuple<string, bool>? last;

    /// <param name="folder">The folder.</param>
    /// <param name="objects">Beginnings of the objects that may be read, <c>s3://bucket/prefix/</c>; null for none.</param>
    /// <param name="plans">Prefixes of buckets, <c>s3://bucket/prefix</c>, that plans and parts may lie at or below besides; null for
    /// none.</param>
    /// <exception cref="EngineException">There is none.</exception>
    public PoolRoot(string folder, IReadOnlyList<string>? objects = null, IReadOnlyList<string>? plans = null)
    {
        this.plans = plans ?? [];
        buckets = [.. (objects ?? []).Select(prefix => prefix.EndsWith('/') ? prefix : prefix + "/")];
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
        if (IsInBucket(path))
            return buckets.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal) || path + "/" == prefix);
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
            throw new ShardRefusedException(
                IsInBucket(path) ? $"{path} is not within what --allow-s3 names" : $"{path} is not within --root {root}"
            );
    }

    /// <summary>Refuses a plan that lies elsewhere.</summary>
    /// <param name="folder">Its folder, or the prefix of a bucket.</param>
    /// <exception cref="ShardRefusedException">It does.</exception>
    public void RequirePlan(string folder)
    {
        if (!IsInBucket(folder))
            Require(folder);
        else if (!plans.Any(prefix => folder == prefix || folder.StartsWith(prefix + "/", StringComparison.Ordinal)))
            throw new ShardRefusedException($"{folder} is not below a --parts of this worker");
    }

    /// <summary>Whether a path is of an object and not of a file.</summary>
    public static bool IsInBucket(string path) => path.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    private bool IsWithin(string path) =>
        path == root
        || path.StartsWith(Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;
}
