// The objects below one prefix, as work shards use them: small records, and files that are sent and brought as a whole.

using System.Security.Cryptography;

namespace DataFreeKD.Storage.Parts;

/// <summary>A prefix of a bucket. Keys are relative to it.</summary>
internal sealed class BucketFolder : IDisposable
{
    private const int Piece = 16 << 20,
        AtOnce = 16;

    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(3);

    private readonly BucketName root;
    private readonly ServerClock clock;
    private readonly CancellationToken stop;

    /// <param name="address"><c>s3://bucket/prefix</c>.</param>
    /// <param name="options">The service, and as whom it is asked.</param>
    /// <param name="stop">Ends every request.</param>
    /// <exception cref="StorageException">It is no such address, or there are no credentials.</exception>
    public BucketFolder(string address, BucketOptions options, CancellationToken stop)
    {
        this.stop = stop;
        root = Parse(address);
        clock = new ServerClock(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false });
        Client = new BucketClient(options, clock);
    }

    /// <summary>The service.</summary>
    public BucketClient Client { get; }

    /// <summary>As messages name it.</summary>
    public string Name => root.ToString();

    /// <summary>The service's time; null where its answers have no date.</summary>
    public DateTimeOffset? Now => clock.Now;

    /// <summary>The address in the one form that it has: without a slash at its end.</summary>
    /// <exception cref="StorageException">It is none.</exception>
    public static BucketName Parse(string address)
    {
        if (
            BucketName.Parse(address.TrimEnd('/')) is not { Key.Length: > 0 } name
            || name.Key.Split('/').Any(step => step is "" or "." or "..")
        )
            throw new StorageException($"{address}: give s3://bucket/prefix, where the plan and its parts are to lie");
        return name;
    }

    /// <summary>An object as messages name it.</summary>
    public string NameOf(string key) => At(key).ToString();

    /// <summary>The ETag of an object; null where there is none.</summary>
    public string? Find(string key) => Blocking.Wait(() => Client.Find(At(key), stop))?.ETag;

    /// <summary>A small object; null where there is none.</summary>
    public LoadedObject? Load(string key) => Blocking.Wait(() => Client.Load(At(key), stop));

    /// <summary>Writes a record, whatever is there.</summary>
    public string Put(string key, byte[] bytes) => Blocking.Wait(() => Client.Put(At(key), new MemoryStream(bytes, writable: false), stop));

    /// <summary>Writes a record where none is.</summary>
    /// <returns>Its ETag; null where one is there, which may be this very one.</returns>
    public string? PutNew(string key, byte[] bytes) =>
        Blocking.Wait(() => Client.PutNew(At(key), new MemoryStream(bytes, writable: false), stop));

    /// <summary>Writes a record in the place of a known one.</summary>
    /// <returns>Its ETag; null where another one is there, or none.</returns>
    public string? PutOver(string key, byte[] bytes, string etag) => Blocking.Wait(() => PutOver(key, bytes, etag, stop));

    /// <inheritdoc cref="PutOver(string, byte[], string)"/>
    public Task<string?> PutOver(string key, byte[] bytes, string etag, CancellationToken cancel) =>
        Client.PutOver(At(key), new MemoryStream(bytes, writable: false), etag, cancel);

    /// <summary>A small object; null where there is none.</summary>
    public Task<LoadedObject?> Load(string key, CancellationToken cancel) => Client.Load(At(key), cancel);

    /// <summary>Sends a file, whatever is there.</summary>
    public void Send(string key, string file)
    {
        using FileStream content = File.OpenRead(file);
        Blocking.Wait(() => Client.Put(At(key), content, stop));
    }

    /// <summary>Reads an object of any size.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="into">Where its bytes go; null for nowhere.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>Its SHA-256; null where there is none.</returns>
    public string? Bring(string key, Stream? into, CancellationToken cancel)
    {
        if (Blocking.Wait(() => Client.Find(At(key), cancel)) is not { } found)
            return null;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[Math.Min(Piece, found.Length)];
        for (long at = 0; at < found.Length; at += piece.Length)
        {
            Memory<byte> now = piece.AsMemory(0, (int)Math.Min(piece.Length, found.Length - at));
            long from = at;
            Blocking.Wait(() => Client.Read(found, from, now, cancel));
            hash.AppendData(now.Span);
            into?.Write(now.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The keys that begin so, in their order.</summary>
    public IReadOnlyList<string> List(string prefix) =>
        Blocking.Wait(async () =>
        {
            List<string> keys = [];
            await foreach (StoredObject found in Client.List(At(prefix), stop).ConfigureAwait(false))
                keys.Add(found.Name.Key[(root.Key.Length + 1)..]);
            return keys;
        });

    /// <summary>Removes an object; none is as good.</summary>
    public void Delete(string key) => Blocking.Wait(() => Client.Delete(At(key), stop));

    /// <summary>Removes an object where a process ends, also one that was told to stop; in a moment, or not at all.</summary>
    public void DeleteLast(string key)
    {
        using CancellationTokenSource moment = new(LastMoment);
        try
        {
            Blocking.Wait(() => Client.Delete(At(key), moment.Token));
        }
        catch (Exception not) when (not is StorageException or OperationCanceledException)
        {
            // Who looks at it will take this process for one that was killed, which is once too often and no wrong result.
        }
    }

    /// <summary>Removes objects, several at once.</summary>
    public void Delete(IEnumerable<string> keys) =>
        Blocking.Wait(() =>
            Parallel.ForEachAsync(
                keys,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop },
                async (key, cancel) => await Client.Delete(At(key), cancel).ConfigureAwait(false)
            )
        );

    public void Dispose() => Client.Dispose();

    private BucketName At(string key) => root with { Key = $"{root.Key}/{key}" };
}
