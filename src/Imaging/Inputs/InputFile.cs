// What inputs are read from: a file of this machine, or an object of S3-compatible storage.

using DataFreeKD.Storage;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>A file, or an object as it was when it was first looked at: whatever is read of it later is of that content, or an
/// error.</summary>
/// <param name="path">Absolute, or <c>s3://bucket/key</c>.</param>
/// <param name="found">The object, where a listing has it already.</param>
/// <param name="cancel">Stops requests.</param>
internal sealed class InputFile(string path, StoredObject? found = null, CancellationToken cancel = default)
{
    private StoredObject? stored = found;
    private string? refusal;
    private bool looked = found is not null;
    private ObjectStream? begun;

    /// <summary>The path.</summary>
    public string Path => path;

    /// <summary>Whether it is an object and no file.</summary>
    public bool IsObject { get; } = BucketName.Fits(path);

    /// <summary>The mark of an object's content; null for files, and where there is no object.</summary>
    /// <exception cref="StorageException">The service cannot be asked.</exception>
    public string? Mark => Look()?.ETag;

    /// <summary>The object; null for files, and where there is none.</summary>
    /// <exception cref="StorageException">The service cannot be asked.</exception>
    public StoredObject? Stored => Look();

    /// <summary>Stops requests.</summary>
    public CancellationToken Cancel => cancel;

    /// <summary>Why it must not be opened; null where it may.</summary>
    /// <exception cref="StorageException">The service cannot be asked.</exception>
    public string? Refusal(bool followLinks)
    {
        if (!IsObject)
            return OpenFile.Refusal(path, followLinks);
        Look();
        return refusal;
    }

    /// <summary>Opens; null with a reason where that cannot be.</summary>
    /// <exception cref="StorageException">The service cannot be asked.</exception>
    public Stream? TryOpen(bool followLinks, FileOptions access, out string? reason)
    {
        if (!IsObject)
            return OpenFile.TryOpen(path, followLinks, access, out reason);
        reason = Refusal(followLinks);
        return reason is null ? Open(access) : null;
    }

    /// <summary>Opens what may be opened.</summary>
    /// <param name="access">How it will be read.</param>
    /// <param name="buffer">Bytes that a file is read by.</param>
    /// <exception cref="IOException">That cannot be.</exception>
    /// <exception cref="StorageException">The service cannot be asked.</exception>
    public Stream Open(FileOptions access, int buffer = 1 << 16)
    {
        if (!IsObject)
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, buffer, access);
        ObjectStream? first = begun;
        begun = null;
        if (access == FileOptions.SequentialScan && first is not null)
        {
            first.Position = 0;
            return first;
        }
        return new ObjectStream(
            SharedStorage.Client,
            Look() ?? throw new FileNotFoundException($"there is no object {path}", path),
            sequential: access == FileOptions.SequentialScan
        )
        {
            Cancel = cancel,
        };
    }

    /// <summary>The first bytes, fewer where it has fewer. Of an object they stay in memory for whoever opens it next.</summary>
    /// <returns>Null where it cannot be opened.</returns>
    /// <exception cref="StorageException">The service cannot be asked.</exception>
    public byte[]? Start(int length, bool followLinks)
    {
        Stream? stream = TryOpen(followLinks, FileOptions.SequentialScan, out _);
        if (stream is null)
            return null;
        try
        {
            byte[] start = new byte[length];
            return start[..stream.ReadAtLeast(start, length, throwOnEndOfStream: false)];
        }
        finally
        {
            begun = stream as ObjectStream;
            if (begun is null)
                stream.Dispose();
        }
    }

    private StoredObject? Look()
    {
        if (looked || !IsObject)
            return stored;
        try
        {
            stored = Blocking.Wait(() => SharedStorage.Client.Head(BucketName.Parse(path), cancel));
        }
        catch (StorageException error) when (error.Fault is StorageFault.Missing or StorageFault.Denied)
        {
            // As with files: one that is not there is a row with its reason, where a row names it.
            refusal = error.Fault == StorageFault.Missing ? Reason.NotFound : Reason.Permission;
        }
        looked = true;
        return stored;
    }
}
