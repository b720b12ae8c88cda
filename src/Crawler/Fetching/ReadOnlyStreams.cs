// Three small streams for unpacking: one with a cap, one with bytes put back in front, one that leaves its source open.

namespace DataFreeKD.Crawler.Fetching;

/// <summary>A stream that is read once, forwards.</summary>
internal abstract class ForwardStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public abstract override int Read(Span<byte> buffer);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>Refuses to give more than so many bytes.</summary>
internal sealed class CappedStream(Stream inner, long maxBytes) : ForwardStream
{
    private long given;

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        given += read;
        return given <= maxBytes ? read : throw new FetchException(Reason.TooLarge);
    }

    /// <summary>Reads a stream to its end for its length.</summary>
    public static long Drain(Stream stream)
    {
        byte[] buffer = new byte[64 << 10];
        long length = 0;
        for (int read; (read = stream.Read(buffer)) > 0;) length += read;
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Bytes, then a stream.</summary>
internal sealed class Prefixed(ReadOnlyMemory<byte> start, Stream rest) : ForwardStream
{
    private ReadOnlyMemory<byte> left = start;

    public override int Read(Span<byte> buffer)
    {
        if (left.IsEmpty) return rest.Read(buffer);
        int length = Math.Min(left.Length, buffer.Length);
        left.Span[..length].CopyTo(buffer);
        left = left[length..];
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>A stream whose owner closes it.</summary>
internal sealed class Borrowed(Stream inner) : ForwardStream
{
    public override int Read(Span<byte> buffer) => inner.Read(buffer);
}
