// Two small streams for unpacking: one with a cap, one that leaves its source open.

namespace DataFreeKD.Crawler.Fetching;

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
        for (int read; (read = stream.Read(buffer)) > 0;)
            length += read;
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>A stream whose owner closes it.</summary>
internal sealed class Borrowed(Stream inner) : ForwardStream
{
    public override int Read(Span<byte> buffer) => inner.Read(buffer);
}
