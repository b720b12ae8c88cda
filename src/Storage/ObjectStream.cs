// An object as a stream that can be read from any place.

namespace DataFreeKD.Storage;

/// <summary>
/// Reads an object by requests of ranges, never as a whole. Who reads on gets windows that grow to <see cref="LargestWindow"/>, who jumps
/// small ones; one window is in memory. Every request asks for the content that was found: another one under this name is refused.
/// </summary>
/// <param name="client">Asks.</param>
/// <param name="source">The object as it was found.</param>
/// <param name="sequential">Whether it will be read from its beginning on.</param>
/// <remarks>Failures are <see cref="StorageException"/>s; it is for one thread at a time, and holds no connection.</remarks>
internal sealed class ObjectStream(BucketClient client, StoredObject source, bool sequential) : Stream
{
    /// <summary>Bytes in memory, at most.</summary>
    public const int LargestWindow = 4 << 20;

    // A directory, a header with a small image behind it.
    private const int SmallWindow = 64 << 10,
        FirstWindow = 1 << 20;

    // To pass over so much is to read on: asking anew takes longer than the bytes do.
    private const int SmallGap = 1 << 20;

    private byte[] window = [];
    private long start,
        position;
    private int held,
        size = sequential ? FirstWindow : SmallWindow;
    private bool began;

    /// <summary>The object.</summary>
    public StoredObject Source => source;

    /// <summary>Stops requests.</summary>
    public CancellationToken Cancel { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => source.Length;

    public override long Position
    {
        get => position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            position = value;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || position >= Length)
            return 0;
        if (position < start || position >= start + held)
            Fetch(buffer.Length);
        int at = (int)(position - start),
            count = Math.Min(buffer.Length, held - at);
        window.AsSpan(at, count).CopyTo(buffer);
        position += count;
        return count;
    }

    /// <summary>Copies a range where it is in memory; the position stays.</summary>
    /// <returns>False where it is not.</returns>
    public bool TryCopy(long offset, Span<byte> into)
    {
        if (offset < start || offset + into.Length > start + held)
            return false;
        window.AsSpan((int)(offset - start), into.Length).CopyTo(into);
        return true;
    }

    /// <summary>Reads a range by a request of its own; the position and what is in memory stay.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="into">Where they go; the range must lie within the object.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public void ReadAt(long offset, Memory<byte> into, CancellationToken cancel) =>
        Blocking.Wait(() => client.Read(source, offset, into, cancel));

    /// <summary>Lets go of what is in memory; reading goes on all the same.</summary>
    public void Rest() => (window, held) = ([], 0);

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => position + offset,
            _ => Length + offset,
        };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Rest();
        base.Dispose(disposing);
    }

    private void Fetch(int wanted)
    {
        long end = start + held;
        if (began)
            size = position >= end && position - end <= SmallGap ? Math.Min(size * 2, LargestWindow) : SmallWindow;
        int length = (int)Math.Min(Math.Max(size, Math.Min(wanted, LargestWindow)), Length - position);
        if (window.Length < length)
            window = GC.AllocateUninitializedArray<byte>(length);
        (start, held) = (position, 0);
        Blocking.Wait(() => client.Read(source, start, window.AsMemory(0, length), Cancel));
        (held, began) = (length, true);
    }
}
