// The bytes of a TIFF's strip or tile, unpacked as they are asked for.

using System.IO.Compression;
using System.Runtime.InteropServices;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Unpacks one block from its beginning on.</summary>
internal abstract class TiffBytes : IDisposable
{
    /// <summary>Opens a block.</summary>
    /// <param name="packed">Its bytes, which are a copy of its own where bits are turned around.</param>
    /// <param name="compression">Tag 259.</param>
    public static TiffBytes Open(ReadOnlyMemory<byte> packed, int compression) =>
        compression switch
        {
            TiffLayout.Plain => new Copied(packed),
            TiffLayout.PackBits => new Runs(packed),
            TiffLayout.Lzw => new TiffLzw(packed),
            _ => new Inflated(packed),
        };

    /// <summary>Fills a row.</summary>
    /// <exception cref="EndOfStreamException">The block has fewer bytes.</exception>
    /// <exception cref="InvalidDataException">The block is damaged.</exception>
    public abstract void Fill(Span<byte> row);

    /// <inheritdoc/>
    public virtual void Dispose() { }

    private sealed class Copied(ReadOnlyMemory<byte> bytes) : TiffBytes
    {
        private int at;

        public override void Fill(Span<byte> row)
        {
            if (row.Length > bytes.Length - at)
                throw new EndOfStreamException();
            bytes.Span.Slice(at, row.Length).CopyTo(row);
            at += row.Length;
        }
    }

    private sealed class Inflated(ReadOnlyMemory<byte> bytes) : TiffBytes
    {
        private readonly ZLibStream zlib = new(StreamOf(bytes), CompressionMode.Decompress);

        public override void Fill(Span<byte> row) => zlib.ReadExactly(row);

        public override void Dispose()
        {
            zlib.Dispose();
            base.Dispose();
        }

        private static MemoryStream StreamOf(ReadOnlyMemory<byte> bytes) =>
            MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> array)
                ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
                : new MemoryStream(bytes.ToArray(), writable: false);
    }

    // TIFF 6.0, section 9: a count n of 0 to 127 is followed by n + 1 bytes, one of 129 to 255 repeats the next byte 257 − n times.
    private sealed class Runs(ReadOnlyMemory<byte> bytes) : TiffBytes
    {
        private int at,
            left;
        private bool repeats;

        public override void Fill(Span<byte> row)
        {
            ReadOnlySpan<byte> packed = bytes.Span;
            for (int filled = 0; filled < row.Length;)
            {
                if (left == 0)
                {
                    byte count = at < packed.Length ? packed[at++] : throw new EndOfStreamException();
                    repeats = count > 128;
                    left =
                        count == 128 ? 0
                        : repeats ? 257 - count
                        : count + 1;
                    continue;
                }
                int some = Math.Min(left, row.Length - filled);
                if (at + (repeats ? 1 : some) > packed.Length)
                    throw new EndOfStreamException();
                if (repeats)
                    row.Slice(filled, some).Fill(packed[at]);
                else
                    packed.Slice(at, some).CopyTo(row[filled..]);
                (filled, left) = (filled + some, left - some);
                at += repeats ? (left == 0 ? 1 : 0) : some;
            }
        }
    }
}
