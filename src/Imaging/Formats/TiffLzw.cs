// LZW as TIFF has it: the highest bit of a byte first, and codes that grow one earlier than in GIF.

namespace DataFreeKD.Imaging.Formats;

/// <summary>Unpacks LZW (TIFF 6.0, section 13). A string is kept as where it was last written: its code's string and the byte after
/// it.</summary>
internal sealed class TiffLzw : TiffBytes
{
    private const int Clear = 256,
        End = 257,
        First = 258,
        Most = 4096;

    private readonly ReadOnlyMemory<byte> packed;
    private readonly short[] before = new short[Most];
    private readonly byte[] last = new byte[Most];
    private readonly short[] length = new short[Most];
    private readonly byte[] waiting = new byte[Most];
    private int waits,
        at,
        bits,
        held,
        next = First,
        width = 9,
        previous = -1;

    /// <summary>Opens a block.</summary>
    /// <exception cref="NotSupportedException">It is of the sort before TIFF 5, whose lowest bit comes first.</exception>
    public TiffLzw(ReadOnlyMemory<byte> packed)
    {
        this.packed = packed;
        if (packed.Span is [0, var second, ..] && (second & 1) != 0)
            throw new NotSupportedException();
        for (int i = 0; i < Clear; i++)
            (last[i], length[i]) = ((byte)i, 1);
    }

    /// <inheritdoc/>
    public override void Fill(Span<byte> row)
    {
        while (!row.IsEmpty)
        {
            // Strings are written from their end on, and wait so.
            while (waits > 0 && !row.IsEmpty)
            {
                row[0] = waiting[--waits];
                row = row[1..];
            }
            if (!row.IsEmpty)
                Step();
        }
    }

    private void Step()
    {
        int code = Code();
        if (code == End)
            throw new EndOfStreamException();
        if (code == Clear)
        {
            (next, width, previous) = (First, 9, -1);
            return;
        }
        if (code > next || (code == next && previous < 0) || (code >= First && previous < 0))
            throw new InvalidDataException();
        // A code that is about to be made: the last string, and its first byte again.
        if (code == next)
            waiting[waits++] = FirstOf(previous);
        byte first = Unroll(code == next ? previous : code);
        if (previous >= 0 && next < Most)
        {
            (before[next], last[next], length[next]) = ((short)previous, first, (short)(length[previous] + 1));
            next++;
            if (next + 1 >= 1 << width && width < 12)
                width++;
        }
        previous = code;
    }

    private byte Unroll(int code)
    {
        for (int left = length[code]; left > 1; left--, code = before[code])
            waiting[waits++] = last[code];
        waiting[waits++] = last[code];
        return last[code];
    }

    private byte FirstOf(int code)
    {
        while (length[code] > 1)
            code = before[code];
        return last[code];
    }

    private int Code()
    {
        ReadOnlySpan<byte> span = packed.Span;
        while (bits < width)
        {
            if (at >= span.Length)
                throw new EndOfStreamException();
            held = (held << 8) | span[at++];
            bits += 8;
        }
        bits -= width;
        int code = (held >> bits) & ((1 << width) - 1);
        held &= (1 << bits) - 1;
        return code;
    }
}
