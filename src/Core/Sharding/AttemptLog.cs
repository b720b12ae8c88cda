// The attempts at the shards of a plan, wherever they are written down: a shard that kills its process takes every counter in memory with
// it.

using System.Globalization;

namespace DataFreeKD.Core.Sharding;

/// <summary>Which attempts there were, and what became of them.</summary>
internal abstract class AttemptLog
{
    /// <summary>Attempts without a result after which a shard is not tried again.</summary>
    public const int Most = 3;

    /// <summary>How the attempts at a shard failed, as far as they did.</summary>
    public virtual IReadOnlyList<Failure> FailuresOf(int shard) => [.. At(shard).Select(FailureOf).OfType<Failure>()];

    /// <summary>Whether a shard without a result is not to be tried again.</summary>
    public bool IsPoison(int shard) => IsPoison(FailuresOf(shard));

    /// <summary>Whether a shard without a result that failed so is not to be tried again.</summary>
    public static bool IsPoison(IReadOnlyList<Failure> failures) => failures.Count >= Most || failures.Any(failure => failure.Lasting);

    /// <summary>Whether it must be waited for until it is known of attempts at a shard whether their processes live, since that decides
    /// whether it is tried again.</summary>
    public virtual bool IsUndecided(int shard) => false;

    /// <summary>Waits until it is known.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="cancel">Stops.</param>
    public virtual void Decide(int shard, CancellationToken cancel) { }

    /// <summary>Where a plan stands.</summary>
    /// <param name="shards">Its shards.</param>
    /// <param name="finished">Whether a shard has its result.</param>
    /// <param name="rows">A shard's rows.</param>
    public ShardStanding Standing(int shards, Func<int, bool> finished, Func<int, long> rows)
    {
        List<int> missing = [],
            failed = [];
        long done = 0;
        bool conflict = false;
        HashSet<int> tried = Tried(shards);
        for (int shard = 0; shard < shards; shard++)
        {
            IReadOnlyList<Failure> failures = tried.Contains(shard) ? FailuresOf(shard) : [];
            conflict |= failures.Any(failure => failure.Conflict);
            // Asked last: it may have been finished meanwhile.
            if (finished(shard))
                done += rows(shard);
            else
                (IsPoison(failures) ? failed : missing).Add(shard);
        }
        return new ShardStanding(missing, failed, done, conflict);
    }

    /// <summary>The shards that have attempts.</summary>
    /// <param name="shards">Shards of the plan.</param>
    public abstract HashSet<int> Tried(int shards);

    /// <summary>Forgets how attempts at a shard failed.</summary>
    /// <returns>Whether two had come to different bytes.</returns>
    public bool Forget(int shard)
    {
        bool conflict = false;
        foreach (string attempt in At(shard))
        {
            if (FailureOf(attempt) is not { } failure)
                continue;
            conflict |= failure.Conflict;
            Discard(attempt);
        }
        return conflict;
    }

    /// <summary>Says which shards are not tried again, and why; of none there is no such file.</summary>
    public abstract void WriteFailed(IReadOnlyList<FailedShards.Entry> failed);

    /// <summary>Whether a name is one of an attempt at a shard.</summary>
    public static bool IsNameOf(int shard, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.") is var own
        && name.StartsWith(own, StringComparison.Ordinal)
        && name.Length == own.Length + 32
        && name.Skip(own.Length).All(char.IsAsciiHexDigitLower);

    /// <summary>A name that no other attempt has.</summary>
    public static string NewName(int shard) => string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.{Guid.NewGuid():N}");

    /// <summary>The shard that a file is named after; null for none of the plan.</summary>
    public static int? NumberOf(string name, int shards) =>
        name.Length == 8 && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int shard) && shard < shards
            ? shard
            : null;

    /// <summary>What is told of a process that left no message.</summary>
    /// <param name="by">What it wrote when it began; null where that is not known.</param>
    protected internal static Failure Killed(Started? by)
    {
        string who = by is null
            ? "its process"
            : string.Create(CultureInfo.InvariantCulture, $"the process {by.Process} on {by.Host} that began at {by.Since:u}");
        return new Failure($"{who} ended without a result, killed or crashed", Lasting: false);
    }

    /// <summary>The attempts at a shard, in a fixed order.</summary>
    protected abstract IEnumerable<string> At(int shard);

    /// <summary>How an attempt failed; null where its process is still at work, or it never began.</summary>
    protected abstract Failure? FailureOf(string attempt);

    /// <summary>Forgets an attempt.</summary>
    protected abstract void Discard(string attempt);
}
