// System.Formats.Tar reads an entry's extended attributes and long names into an array of the size that its header claims, up to 2 GB.

using System.Buffers.Binary;
using System.Globalization;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>The stream of a tar, which refuses headers of metadata that claim too much, before the reader above believes them.</summary>
internal sealed class TarHeaders(Stream inner) : Stream
{
    /// <summary>Bytes of extended attributes or of a long name, at most. Real ones have some hundreds.</summary>
    public const long MostMetadata = 1 << 20;

    private const int Block = 512,
        SizeAt = 124,
        SizeLength = 12,
        TypeAt = 156;

    /// <summary>Whether what is read now are headers, and not the content of a member.</summary>
    public bool AreRead { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="InvalidDataException">A header claims more metadata than is allowed.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (!AreRead || buffer.Length != Block)
            return inner.Read(buffer);
        int read = inner.ReadAtLeast(buffer, Block, throwOnEndOfStream: false);
        return read == Block && ClaimOf(buffer) > MostMetadata
            ? throw new InvalidDataException(
                string.Create(CultureInfo.InvariantCulture, $"a header of more than {MostMetadata} bytes of metadata")
            )
            : read;
    }

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // Bytes of metadata that a header announces; 0 of any other block. Its checksum is not looked at, since the reader does not either.
    private static long ClaimOf(ReadOnlySpan<byte> block) =>
        block[TypeAt] is (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K' ? Size(block.Slice(SizeAt, SizeLength)) : 0;

    // Octal digits, or GNU's binary numbers, whose first bit is set.
    private static long Size(ReadOnlySpan<byte> field)
    {
        if (field[0] < 0x80)
            return Octal(field);
        ReadOnlySpan<byte> low = field[^sizeof(long)..];
        return field[1..^sizeof(long)].ContainsAnyExcept((byte)0) || low[0] >= 0x80
            ? long.MaxValue
            : BinaryPrimitives.ReadInt64BigEndian(low);
    }

    private static long Octal(ReadOnlySpan<byte> field)
    {
        long value = 0;
        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return 0;
            value = (value << 3) | (uint)(digit - '0');
        }
        return value;
    }
}
