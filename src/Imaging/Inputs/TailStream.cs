// A file without its first bytes: a zip that a program stands before.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>The rest of a seekable stream as a stream of its own; disposing it disposes the whole.</summary>
internal sealed class TailStream(Stream whole, long skipped) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => whole.Length - skipped;

    public override long Position
    {
        get => whole.Position - skipped;
        set => whole.Position = value + skipped;
    }

    public override int Read(byte[] buffer, int offset, int count) => whole.Read(buffer, offset, count);

    public override int Read(Span<byte> buffer) => whole.Read(buffer);

    public override long Seek(long offset, SeekOrigin origin) =>
        (origin == SeekOrigin.Begin ? whole.Seek(offset + skipped, origin) : whole.Seek(offset, origin)) - skipped;

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            whole.Dispose();
        base.Dispose(disposing);
    }
}
