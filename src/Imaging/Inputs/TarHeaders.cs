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

    private const int NameLength = 100,
        PrefixAt = 345,
        PrefixLength = 155,
        MagicAt = 257,
        SumAt = 148,
        SumLength = 8,
        SumDigits = 6,
        MoreHolesAt = 482,
        MoreHolesAfterAt = 504;

    private byte[]? again;

    /// <summary>The name in the last header that was read, in its own bytes; null before the first.</summary>
    public byte[]? LastName { get; private set; }

    /// <summary>Whether the last header was of a file with holes.</summary>
    public bool LastIsSparse { get; private set; }

    /// <summary>Gives a block that was read once more.</summary>
    public void PutBack(byte[] block)
    {
        if (inner.CanSeek)
            inner.Position -= Block;
        else
            again = block;
    }

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
        if (again is { } waiting && buffer.Length >= Block)
        {
            waiting.CopyTo(buffer);
            again = null;
            return Taken(buffer, Block);
        }
        if (!AreRead || buffer.Length != Block)
            return inner.Read(buffer);
        return Taken(buffer, inner.ReadAtLeast(buffer, Block, throwOnEndOfStream: false));
    }

    private int Taken(Span<byte> buffer, int read)
    {
        if (read == Block)
            Look(buffer);
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

    private void Look(Span<byte> block)
    {
        LastName = NameIn(block);
        LastIsSparse = block[TypeAt] == 'S';
        if (LastIsSparse)
            MakePlain(block);
    }

    // The reader knows no file with holes, old GNU tar's type S: it is shown one without, and what tells of the holes is passed over here.
    private void MakePlain(Span<byte> block)
    {
        Span<byte> map = stackalloc byte[Block];
        for (bool more = block[MoreHolesAt] != 0; more; more = map[MoreHolesAfterAt] != 0)
        {
            if (inner.ReadAtLeast(map, Block, throwOnEndOfStream: false) < Block)
                return;
        }
        block[TypeAt] = (byte)'0';
        block.Slice(SumAt, SumLength).Fill((byte)' ');
        int sum = 0;
        foreach (byte value in block)
            sum += value;
        for (int digit = SumDigits - 1; digit >= 0; digit--, sum >>= 3)
            block[SumAt + digit] = (byte)('0' + (sum & 7));
        block[SumAt + SumDigits] = 0;
    }

    // ustar has the folders in a field of their own, GNU's format has not.
    private static byte[]? NameIn(ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<byte> name = Cut(block[..NameLength]);
        if (System.Text.Ascii.IsValid(name))
            return null;
        ReadOnlySpan<byte> prefix = block[MagicAt..].StartsWith("ustar\0"u8) ? Cut(block.Slice(PrefixAt, PrefixLength)) : [];
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field;

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
