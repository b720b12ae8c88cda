// An object that says that a process lives: S3 has no locks.

using System.Diagnostics;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Storage.Parts;

/// <summary>What stands in it.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Process">The process's number there.</param>
/// <param name="Version">Version of the tool.</param>
/// <param name="Since">When it began, by its own clock: for people alone.</param>
/// <param name="Holder">Tells it from all others.</param>
/// <param name="Beat">How often it was renewed.</param>
internal sealed record HeldRecord(string Host, int Process, string Version, DateTime Since, string Holder, long Beat)
{
    /// <summary>How it ended; null where it is at work, or was killed.</summary>
    public Failure? Failure { get; init; }

    /// <summary>Whether nothing is missing: JSON may have null in any place.</summary>
    public static HeldRecord? Of(LoadedObject held) =>
        ShardJson.Parse<HeldRecord>(held.Bytes) is { Host: not null, Version: not null, Holder: not null } record ? record : null;
}

/// <summary>
/// It is renewed by <c>If-Match</c>, and closed or taken over by <c>If-Match</c> after a lease without a renewal, measured by the service's
/// own time: of a holder that comes back and of who closes it, the service lets one through. A holder that is closed, or cannot renew,
/// knows it (<see cref="Lost"/>).
/// </summary>
internal sealed class HeldObject : IDisposable
{
    private const int MostTurns = 32;

    private readonly BucketFolder folder;
    private readonly string key;
    private readonly PartLease lease;
    private readonly CancellationTokenSource lost = new(),
        ended = new();
    private readonly Task renewing;
    private HeldRecord record;
    private string etag;
    private bool taken;

    private HeldObject(BucketFolder folder, string key, PartLease lease, HeldRecord record, string etag)
    {
        (this.folder, this.key, this.lease, this.record, this.etag) = (folder, key, lease, record, etag);
        renewing = Task.Run(RenewAsync);
    }

    /// <summary>Ends where another process closed it, or it could not be renewed for too long.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Takes an object, unless another process that lives holds it.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="key">Its key.</param>
    /// <param name="version">Version of the tool.</param>
    /// <param name="lease">How long it is held.</param>
    /// <param name="holder">Who has it; null where it was taken.</param>
    /// <returns>Null where another process has it.</returns>
    public static HeldObject? TryTake(BucketFolder folder, string key, string version, PartLease lease, out HeldRecord? holder)
    {
        HeldRecord own = new(Environment.MachineName, Environment.ProcessId, version, DateTime.UtcNow, Guid.NewGuid().ToString("N"), 0);
        for (int turn = 1; ; turn++)
        {
            holder = null;
            if (folder.PutNew(key, ShardJson.Lines(own)) is { } first)
                return new HeldObject(folder, key, lease, own, first);
            if (folder.Load(key) is not { } there)
            {
                if (turn == MostTurns)
                    throw new StorageException($"{folder.NameOf(key)} is said to be there, and is not: see who else writes there");
                continue;
            }
            holder = HeldRecord.Of(there);
            // The answer was lost on its way here.
            if (holder?.Holder == own.Holder)
                return new HeldObject(folder, key, lease, own, there.ETag);
            if (!IsStale(folder, there, lease))
            {
                holder ??= own with { Host = "another machine", Process = 0, Holder = "" };
                return null;
            }
            if (folder.PutOver(key, ShardJson.Lines(own), there.ETag) is { } over)
                return new HeldObject(folder, key, lease, own, over);
        }
    }

    /// <summary>Whether an object was not renewed for longer than its lease.</summary>
    public static bool IsStale(BucketFolder folder, LoadedObject held, PartLease lease) =>
        held.Changed is { } changed && folder.Now is { } now && now - changed > lease.Time;

    /// <summary>Leaves it, with what was wrong, whoever closed it.</summary>
    public void Fail(Failure failure)
    {
        Stop();
        taken = true;
        folder.Put(key, ShardJson.Lines(record with { Failure = failure }));
    }

    /// <summary>Removes it, unless another process closed it or took it over.</summary>
    public void Dispose()
    {
        Stop();
        if (!taken)
        {
            folder.DeleteLast(key);
            taken = true;
        }
        lost.Dispose();
        ended.Dispose();
    }

    private void Stop()
    {
        if (taken && ended.IsCancellationRequested)
            return;
        ended.Cancel();
        Blocking.Wait(renewing);
    }

    private async Task RenewAsync()
    {
        long renewed = Stopwatch.GetTimestamp();
        TimeSpan pause = lease.Renewal;
        while (true)
        {
            try
            {
                await Task.Delay(pause, ended.Token).ConfigureAwait(false);
                long began = Stopwatch.GetTimestamp();
                using CancellationTokenSource most = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
                TimeSpan left = lease.Fence - Stopwatch.GetElapsedTime(renewed);
                // A process that was frozen asks once more: nobody may have closed it.
                most.CancelAfter(left > lease.Renewal ? left : lease.Renewal);
                if (!await RenewOnceAsync(most.Token).ConfigureAwait(false))
                {
                    taken = true;
                    await lost.CancelAsync().ConfigureAwait(false);
                    return;
                }
                renewed = began;
                pause = lease.Renewal;
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception not) when (not is StorageException or OperationCanceledException)
            {
                pause = lease.Renewal / 4;
                if (Stopwatch.GetElapsedTime(renewed) <= lease.Fence)
                    continue;
                await lost.CancelAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    // False where it is another's by now.
    private async Task<bool> RenewOnceAsync(CancellationToken cancel)
    {
        HeldRecord next = record with { Beat = record.Beat + 1 };
        if (await folder.PutOver(key, ShardJson.Lines(next), etag, cancel).ConfigureAwait(false) is not { } now)
        {
            // An earlier renewal of this process whose answer was lost is its own.
            if (
                await folder.Load(key, cancel).ConfigureAwait(false) is not { } there
                || HeldRecord.Of(there) is not { Failure: null } held
                || held.Holder != record.Holder
            )
                return false;
            (record, etag) = (held, there.ETag);
            return true;
        }
        (record, etag) = (next, now);
        return true;
    }
}
