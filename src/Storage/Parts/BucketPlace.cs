// A plan and its parts in a bucket, in place of a folder that all machines see.

using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Storage.Parts;

/// <summary>
/// <c>plan.json</c>, <c>learned/SHA256/NAME</c>, <c>job.json</c>, <c>failed.json</c>, <c>planning.json</c> (who makes the plan),
/// <c>ended.json</c> (what became of it) and, below the first digits of the plan's SHA-256, the parts (<see cref="BucketParts"/>).
/// </summary>
internal sealed partial class BucketPlace : IPlanPlace
{
    private const string Turn = "planning.json",
        End = "ended.json";

    private readonly BucketFolder folder;
    private readonly string rows,
        version;
    private readonly PartLease lease;
    private readonly bool scratch;
    private string? etag;
    private bool probed,
        disposed;

    /// <param name="bucket">Where it lies.</param>
    /// <param name="rows">The rows' file in an attempt: <see cref="PartStore.Table"/> or <see cref="PartStore.Records"/>.</param>
    /// <param name="version">Version of the tool.</param>
    /// <param name="files">The folder of this machine for what is brought; null for a temporary one.</param>
    /// <param name="stop">Ends every request.</param>
    /// <exception cref="StorageException">It is no such address, or there are no credentials.</exception>
    public BucketPlace(PartsBucket bucket, string rows, string version, string? files, CancellationToken stop)
    {
        folder = new BucketFolder(bucket.Address, bucket.Service ?? SharedStorage.Options, stop);
        (this.rows, this.version, lease) = (rows, version, bucket.Lease);
        scratch = files is null;
        Files = files ?? ScratchFolder.NewFolder("dfkd-parts-");
    }

    public string Name => folder.Name;

    public string Files { get; }

    public bool IsPlanned => folder.Find(PartPlan.Name) is not null;

    public string? Ended =>
        folder.Load(End) is { } end && ShardJson.Parse<Ending>(end.Bytes) is { What: not null } record
            ? string.Create(CultureInfo.InvariantCulture, $"{record.What}, by {record.Host} at {record.At:u}")
            : null;

    public byte[]? ReadPlan()
    {
        LoadedObject? plan = folder.Load(PartPlan.Name);
        etag = plan?.ETag;
        return plan?.Bytes;
    }

    public void WritePlan(byte[] plan, IReadOnlyDictionary<string, string> learned, CancellationToken cancel)
    {
        Probe();
        foreach ((string name, string sha256) in learned)
        {
            cancel.ThrowIfCancellationRequested();
            folder.Send(KeyOf(name, sha256), Path.Combine(Files, name));
        }
        folder.PutNew(PartPlan.Name, plan);
    }

    public void Bring(IReadOnlyDictionary<string, string> learned, CancellationToken cancel)
    {
        foreach ((string name, string sha256) in learned)
        {
            string file = Path.Combine(Files, Path.GetFileName(name));
            if (File.Exists(file) && FileHash.Of(file, cancel) == sha256)
                continue;
            using AtomicFile own = new(file);
            if (folder.Bring(KeyOf(name, sha256), own.Stream, cancel) is not null)
                own.Commit();
        }
    }

    public IPartStore Parts(string plan)
    {
        string? opened = etag;
        return new BucketParts(folder, plan, () => folder.Find(PartPlan.Name) is { } now && now == opened, Files, rows, lease);
    }

    public (IDisposable? Held, string? Holder) TakeTurn()
    {
        Probe();
        HeldObject? held = HeldObject.TryTake(folder, Turn, version, lease, out HeldRecord? holder);
        return (
            held,
            holder is null
                ? null
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name} is being planned by the process {holder.Process} on {holder.Host} since {holder.Since:u}"
                )
        );
    }

    public void WriteJob(byte[] job) => folder.Put(ShardJson.JobName, job);

    public byte[]? ReadJob() => folder.Load(ShardJson.JobName)?.Bytes;

    public void Remove(string? ended)
    {
        if (ended is not null)
            folder.Put(End, ShardJson.Lines(new Ending(ended, Environment.MachineName, DateTime.UtcNow)));
        // First: without a plan, processes that are still at a shard see that there is nothing left to do.
        folder.Delete(PartPlan.Name);
        folder.Delete(folder.List("").Where(key => IsOwn(key) && (ended is null ? key != Turn : key != End)));
    }

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        folder.Dispose();
        if (scratch && Directory.Exists(Files))
            Directory.Delete(Files, recursive: true);
    }

    // A service that takes no notice of conditions would let two processes replace each other's parts in silence.
    private void Probe()
    {
        if (probed)
            return;
        string key = $"probe-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}.json";
        byte[] one = "1\n"u8.ToArray(),
            two = "2\n"u8.ToArray();
        try
        {
            folder.PutNew(key, one);
            string? ignored =
                folder.PutNew(key, two) is not null ? "If-None-Match"
                : folder.PutOver(key, two, "\"00000000000000000000000000000000\"") is not null ? "If-Match"
                : null;
            if (ignored is not null)
                throw new StorageException(
                    $"{Name}: the service takes no notice of {ignored} when it is written to, so that processes could replace each other's parts; use a service that does, or a folder that all machines see"
                );
            if (folder.Load(key) is not { Changed: not null } || folder.Now is null)
                throw new StorageException(
                    $"{Name}: the service's answers have no Date or no Last-Modified, so that nobody could tell a process that was killed; use a service that gives them, or a folder that all machines see"
                );
        }
        finally
        {
            folder.DeleteLast(key);
        }
        probed = true;
    }

    private static string KeyOf(string name, string sha256) => $"learned/{sha256}/{Path.GetFileName(name)}";

    private static bool IsOwn(string key) => OwnKey().IsMatch(key);

    [GeneratedRegex(
        @"\A(?:(?:plan|job|failed|planning|ended|probe-[0-9a-f]{32})\.json|learned/[0-9a-f]{64}/[^/]+|[0-9a-f]{16}/(?:notes/[0-9]{8}\.json|attempts/[0-9]{8}\.[0-9a-f]{32}\.json|rows/[0-9]{8}\.[0-9a-f]{32}\.(?:part|f32)))\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex OwnKey();

    private sealed record Ending(string What, string Host, DateTime At);
}
