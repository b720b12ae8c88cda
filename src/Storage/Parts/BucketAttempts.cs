// The attempts at the shards of a plan in a bucket, an object each.

using System.Collections.Concurrent;
using System.Globalization;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Storage.Parts;

/// <summary>The objects <c>attempts/NNNNNNNN.RANDOM.json</c> (<see cref="HeldRecord"/>).</summary>
/// <param name="folder">Where the plan lies.</param>
/// <param name="parts">The prefix of its parts.</param>
/// <param name="lease">How long an attempt is believed to be at work.</param>
internal sealed class BucketAttempts(BucketFolder folder, string parts, PartLease lease) : AttemptLog
{
    private const string Ending = ".json";

    private readonly ConcurrentDictionary<string, long> beats = new(StringComparer.Ordinal);

    private string Prefix => $"{parts}/attempts/";

    /// <inheritdoc/>
    public override HashSet<int> Tried(int shards) =>
        [.. Names(Prefix).Select(attempt => NumberOf(attempt.Split('.')[0], shards)).OfType<int>()];

    /// <summary>Begins one.</summary>
    public HeldObject Begin(string name, string version) =>
        HeldObject.TryTake(folder, KeyOf(name), version, lease, out _)
        ?? throw new IOException($"{folder.NameOf(KeyOf(name))} is another attempt's, and its name is random: see who else writes there");

    /// <inheritdoc/>
    public override void WriteFailed(IReadOnlyList<FailedShards.Entry> failed)
    {
        if (failed.Count > 0)
            folder.Put(FailedShards.Name, ShardJson.Lines(failed));
        else
            folder.Delete(FailedShards.Name);
    }

    /// <summary>Where attempts may all have been killed, and none is known to live, three of them are enough to wait for.</summary>
    public override bool IsUndecided(int shard)
    {
        int failed = 0,
            silent = 0;
        foreach (string attempt in At(shard))
        {
            if (FailureOf(attempt) is not { } failure)
                silent += HasBeaten(attempt) ? 0 : 1;
            else if (failure.Lasting)
                return false;
            else
                failed++;
        }
        return silent > 0 && failed < Most && failed + silent >= Most;
    }

    /// <inheritdoc/>
    public override void Decide(int shard, CancellationToken cancel)
    {
        while (IsUndecided(shard))
        {
            cancel.WaitHandle.WaitOne(lease.Renewal / 4);
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> At(int shard) =>
        Names($"{Prefix}{shard.ToString("D8", CultureInfo.InvariantCulture)}.").Where(name => IsNameOf(shard, name));

    /// <summary>Of one that was not renewed in time it is written down: then its process, should it come back, knows that it is not counted
    /// on any more.</summary>
    protected override Failure? FailureOf(string attempt)
    {
        if (folder.Load(KeyOf(attempt)) is not { } there)
            return null;
        if (HeldRecord.Of(there) is not { } record)
            return Killed(null);
        if (record.Failure is { } told)
            return told;
        if (!HeldObject.IsStale(folder, there, lease))
            return null;
        Failure killed = Killed(new Started(record.Host, record.Process, record.Version, record.Since));
        if (folder.PutOver(KeyOf(attempt), ShardJson.Lines(record with { Failure = killed }), there.ETag) is not null)
            return killed;
        // It was renewed in this moment, or another process wrote the same.
        return folder.Load(KeyOf(attempt)) is { } now ? HeldRecord.Of(now)?.Failure : null;
    }

    /// <inheritdoc/>
    protected override void Discard(string attempt) => folder.Delete([KeyOf(attempt), .. BucketParts.ContentsOf(parts, attempt)]);

    private bool HasBeaten(string attempt)
    {
        if (folder.Load(KeyOf(attempt)) is not { } there || HeldRecord.Of(there) is not { } record)
            return true;
        return beats.GetOrAdd(attempt, record.Beat) != record.Beat;
    }

    private IEnumerable<string> Names(string prefix) =>
        folder
            .List(prefix)
            .Select(key => key[Prefix.Length..])
            .Where(name => name.EndsWith(Ending, StringComparison.Ordinal))
            .Select(name => name[..^Ending.Length]);

    private string KeyOf(string attempt) => Prefix + attempt + Ending;
}
