// The attempts at the shards of a plan, as they lie on disk: a shard that kills its process takes every counter in memory with it.

using System.Globalization;

namespace DataFreeKD.Core.Sharding;

/// <summary>The folder <c>attempts</c> beside a plan.</summary>
/// <param name="plan">The folder of the plan.</param>
/// <param name="progress">How far a shard has come whose attempts go on from one another, in any words that change when it comes further;
/// null where every attempt begins anew. Attempts that were killed count only as long as the shard is where it was when they
/// began.</param>
internal sealed class ShardAttempts(string plan, Func<int, string>? progress = null) : AttemptLog
{
    /// <summary>Attempts killed in a row, while they waited, after which a shard is not tried again: whoever kills processes meets such a
    /// one, and three times in a row too.</summary>
    public const int MostWaiting = 16;

    /// <summary>The folder's name.</summary>
    public const string Name = "attempts";

    /// <summary>The folder.</summary>
    public string Folder => Path.Combine(plan, Name);

    /// <summary>The folder of the plan.</summary>
    public string Plan => plan;

    /// <summary>How far a shard has come; null where every attempt begins anew.</summary>
    public string? ProgressOf(int shard) => progress?.Invoke(shard);

    /// <inheritdoc/>
    public override IReadOnlyList<Failure> FailuresOf(int shard)
    {
        if (progress is null)
            return base.FailuresOf(shard);
        List<Failure> counted = [],
            waiting = [];
        string? now = null;
        foreach (string attempt in At(shard))
        {
            if (FailureOf(attempt) is not { } failure)
                continue;
            if (ShardAttempt.HasTold(attempt))
                counted.Add(failure);
            else if (!IsOvertaken(attempt, now ??= progress(shard)))
                (ShardAttempt.WasWaiting(attempt) ? waiting : counted).Add(failure);
        }
        return counted.Count + waiting.Count >= MostWaiting ? [.. counted, .. waiting] : counted;
    }

    /// <inheritdoc/>
    public override HashSet<int> Tried(int shards) =>
        Directory.Exists(Folder)
            ?
            [
                .. Directory
                    .EnumerateDirectories(Folder)
                    .Select(attempt => NumberOf(Path.GetFileName(attempt).Split('.')[0], shards))
                    .OfType<int>(),
            ]
            : [];

    /// <inheritdoc/>
    public override void WriteFailed(IReadOnlyList<FailedShards.Entry> failed)
    {
        string path = Path.Combine(plan, FailedShards.Name);
        if (failed.Count > 0)
            ShardJson.Write(path, failed);
        else
            File.Delete(path);
    }

    /// <summary>Does a shard's work as an attempt of its own, unless it failed for good before.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="version">Version of the tool.</param>
    /// <param name="work">The work. What a machine lacks (disk, rights, memory, a service that answers), and who else is at an output, is
    /// no fault of the shard and is thrown on.</param>
    public ShardOutcome Do(int shard, string version, Action<ShardAttempt> work)
    {
        if (IsPoison(shard))
            return ShardOutcome.Failed;
        ForgetOvertaken(shard);
        using ShardAttempt attempt = new(this, shard, version);
        try
        {
            work(attempt);
            return ShardOutcome.Done;
        }
        catch (Exception wrong) when (Failure.IsOfShard(wrong) && wrong is not OutputException)
        {
            attempt.Fail(new Failure(wrong.Message, Lasting: wrong is DataFreeKDException));
            return IsPoison(shard) ? ShardOutcome.Failed : ShardOutcome.Again;
        }
    }

    /// <summary>Removes the folder, as far as this tool made what is in it. A link stays as it is.</summary>
    public void RemoveAll()
    {
        if (!Directory.Exists(Folder) || IsLink(Folder))
            return;
        foreach (string attempt in Directory.EnumerateDirectories(Folder).ToArray())
            Remove(attempt);
        if (!Directory.EnumerateFileSystemEntries(Folder).Any())
            Directory.Delete(Folder);
    }

    /// <summary>Whether a folder is a link: this tool makes none, and what it leads to is not this tool's.</summary>
    public static bool IsLink(string folder) => new DirectoryInfo(folder) is { Exists: true, LinkTarget: not null };

    /// <summary>Removes an attempt's folder and what this tool writes there. A link stays as it is.</summary>
    public static void Remove(string attempt)
    {
        try
        {
            if (!Directory.Exists(attempt) || IsLink(attempt))
                return;
            foreach (string file in Directory.EnumerateFiles(attempt).Where(IsOfAttempt).ToArray())
                File.Delete(file);
            if (!Directory.EnumerateFileSystemEntries(attempt).Any())
                Directory.Delete(attempt);
        }
        catch (Exception gone) when (gone is DirectoryNotFoundException or FileNotFoundException)
        {
            // Whoever finished the plan removed it first.
        }
    }

    private static bool IsOfAttempt(string file) =>
        Path.GetFileName(file)
            is ShardAttempt.StartedName
                or ShardAttempt.FailedName
                or ShardAttempt.WorkName
                or PartAttempt.PartName
                or PartStore.Table
                or PartStore.Records
                or PartStore.Vectors
        || AtomicFile.IsTemporary(file);

    private static bool IsOvertaken(string attempt, string now) => ShardAttempt.ProgressOf(attempt) is { } then && then != now;

    // Attempts that were killed before the shard came to where it is.
    private void ForgetOvertaken(int shard)
    {
        if (progress is null)
            return;
        string now = progress(shard);
        foreach (string attempt in At(shard))
        {
            if (FailureOf(attempt) is not null && !ShardAttempt.HasTold(attempt) && IsOvertaken(attempt, now))
                Remove(attempt);
        }
    }

    /// <inheritdoc/>
    protected override Failure? FailureOf(string attempt) => ShardAttempt.FailureOf(attempt);

    /// <inheritdoc/>
    protected override void Discard(string attempt) => Remove(attempt);

    /// <inheritdoc/>
    protected override IEnumerable<string> At(int shard) =>
        Directory.Exists(Folder)
            ? Directory
                .EnumerateDirectories(Folder, string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.*"))
                .Order(StringComparer.Ordinal)
            : [];
}
