// TIFFs by own code: strips and tiles, packed or not, to RGB as PIL's convert("RGB") gives it. The library that reads faxes gets samples
// that are multiplied by alpha, planes of differences and bits in reversed order wrong without a word, and fills up what is missing.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Decodes the first picture of a TIFF whose header was read and found within the limits.</summary>
internal static class TiffPicture
{
    /// <summary>Decodes.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="layout">What <see cref="TiffLayout"/> said of it.</param>
    public static DecodeResult Decode(ReadOnlyMemory<byte> bytes, TiffLayout layout)
    {
        try
        {
            byte[] pixels = new Samples(bytes, layout).Rgb();
            return new DecodeResult(Upright(pixels, layout), "tiff", null);
        }
        catch (EndOfStreamException)
        {
            return new DecodeResult(null, "tiff", Reason.Truncated);
        }
        catch (NotSupportedException)
        {
            return new DecodeResult(null, "", Reason.UnsupportedFormat + "/tiff");
        }
        catch (Exception error) when (error is InvalidDataException or IndexOutOfRangeException or ArgumentException)
        {
            return new DecodeResult(null, "tiff", Reason.DecodeError);
        }
    }

    private static RgbImage Upright(byte[] rgb, TiffLayout layout)
    {
        if (layout.Orientation == 1)
            return new RgbImage(layout.Width, layout.Height, rgb);
        byte[] rgbx = LargeArrays.New((long)layout.Width * layout.Height * 4);
        for (int i = 0, from = 0; i < rgbx.Length; i += 4, from += 3)
            (rgbx[i], rgbx[i + 1], rgbx[i + 2]) = (rgb[from], rgb[from + 1], rgb[from + 2]);
        return PixelPacking.Upright(rgbx, layout.Width, layout.Height, layout.Orientation);
    }

    /// <summary>The picture on its way: of each pixel those samples that its colour needs, a byte each.</summary>
    private sealed class Samples(ReadOnlyMemory<byte> bytes, TiffLayout layout)
    {
        private readonly TiffDirectory directory = layout.Directory;
        private readonly int kept =
            layout.Meaning == TiffMeaning.Inks || layout.Premultiplied ? 4
            : layout.Meaning == TiffMeaning.Colours ? 3
            : 1;

        // Samples side by side become colours row by row; planes have to wait for one another.
        private readonly bool atOnce = !layout.Planar;
        private long unpacked;

        public byte[] Rgb()
        {
            byte[] samples = LargeArrays.New((long)layout.Width * layout.Height * (atOnce ? 3 : kept));
            long[] offsets = directory.Values(bytes.Span, directory.Has(322) ? 324 : 273),
                lengths = directory.Values(bytes.Span, directory.Has(322) ? 325 : 279);
            int across = (layout.Width + layout.BlockWidth - 1) / layout.BlockWidth,
                down = (layout.Height + layout.BlockHeight - 1) / layout.BlockHeight,
                planes = layout.Planar ? kept : 1;
            if (kept > layout.Samples)
                throw new InvalidDataException();
            if (offsets.LongLength < (long)across * down * planes)
                throw new EndOfStreamException();
            for (int plane = 0; plane < planes; plane++)
            {
                for (int block = 0; block < across * down; block++)
                {
                    int index = (plane * across * down) + block;
                    Block(
                        Packed(offsets, lengths, index),
                        samples,
                        block % across * layout.BlockWidth,
                        block / across * layout.BlockHeight,
                        plane
                    );
                }
            }
            if (atOnce || kept == 3)
                return samples;
            byte[] rgb = LargeArrays.New((long)layout.Width * layout.Height * 3);
            Colour(samples, rgb);
            return rgb;
        }

        // Where a file does not say how long a block is, it goes on to the next one, or to the file's end.
        private ReadOnlyMemory<byte> Packed(long[] offsets, long[] lengths, int index)
        {
            long start = offsets[index],
                end = index + 1 < offsets.Length && offsets[index + 1] > start ? offsets[index + 1] : bytes.Length,
                length = index < lengths.Length && lengths[index] > 0 ? lengths[index] : end - start;
            if (start >= bytes.Length || (index < lengths.Length && lengths[index] == 0))
                throw new EndOfStreamException();
            ReadOnlyMemory<byte> packed = bytes.Slice((int)start, (int)Math.Min(length, bytes.Length - start));
            // Blocks that share bytes would be unpacked again and again.
            unpacked += layout.Compression == TiffLayout.Plain ? 0 : packed.Length;
            if (unpacked > bytes.Length)
                throw new InvalidDataException();
            if (!layout.Reversed)
                return packed;
            // No packing makes twice as much of it.
            long most = 1024 + (2L * layout.BlockHeight * (((long)layout.BlockWidth * layout.Samples * layout.Bits + 7) / 8));
            byte[] turned = packed[..(int)Math.Min(packed.Length, most)].ToArray();
            for (int i = 0; i < turned.Length; i++)
                turned[i] = (byte)(((turned[i] * 0x0202020202UL) & 0x010884422010UL) % 1023);
            return turned;
        }

        private void Block(ReadOnlyMemory<byte> packed, byte[] samples, int left, int top, int plane)
        {
            int own = layout.Planar ? 1 : layout.Samples,
                width = Math.Min(layout.BlockWidth, layout.Width - left),
                height = Math.Min(layout.BlockHeight, layout.Height - top);
            using TiffBytes content = TiffBytes.Open(packed, layout.Compression);
            byte[] row = new byte[checked((int)(((long)layout.BlockWidth * own * layout.Bits + 7) / 8))],
                line = atOnce && kept != 3 ? new byte[width * kept] : [];
            for (int y = 0; y < height; y++)
            {
                content.Fill(row);
                if (layout.Differences)
                    Undo(row, own);
                int each = atOnce ? 3 : kept;
                Span<byte> target = samples.AsSpan((((top + y) * layout.Width) + left) * each, width * each);
                if (layout.Planar)
                    Spread(row, target, plane, 1, 1, kept);
                else
                    Spread(row, line.Length > 0 ? line : target, 0, Math.Min(own, kept), own, kept);
                if (line.Length > 0)
                    Colour(line, target);
            }
        }

        // Each sample is the difference to the one of the pixel to its left.
        private void Undo(Span<byte> row, int own)
        {
            if (layout.Bits == 8)
            {
                for (int i = own; i < row.Length; i++)
                    row[i] += row[i - own];
                return;
            }
            for (int i = 2 * own; i < row.Length; i += 2)
                Write16(row[i..], (ushort)(Read16(row[i..]) + Read16(row[(i - (2 * own))..])));
        }

        /// <summary>Samples of a row to bytes: <paramref name="count"/> of every <paramref name="step"/> go to places
        /// <paramref name="step2"/> apart, from <paramref name="first"/> on.</summary>
        private void Spread(ReadOnlySpan<byte> row, Span<byte> target, int first, int count, int step, int step2)
        {
            int pixels = target.Length / step2;
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                for (int sample = 0; sample < count; sample++)
                    target[(pixel * step2) + first + sample] = Sample(row, (pixel * step) + sample);
            }
        }

        // 8 bits of a sample: the high ones of more, fewer spread over the whole range; numbers of colours as they are.
        private byte Sample(ReadOnlySpan<byte> row, int index)
        {
            switch (layout.Bits)
            {
                case 8:
                    return row[index];
                case 16:
                    return (byte)(Read16(row[(2 * index)..]) >> 8);
            }
            int value = 0;
            for (long bit = (long)index * layout.Bits, end = bit + layout.Bits; bit < end; bit++)
                value = (value << 1) | ((row[(int)(bit >> 3)] >> (7 - (int)(bit & 7))) & 1);
            return layout.Bits > 8 ? (byte)(value >> (layout.Bits - 8))
                : layout.Meaning == TiffMeaning.Palette ? (byte)value
                : (byte)(value * 255 / ((1 << layout.Bits) - 1));
        }

        private byte[]? colours;

        private void Colour(ReadOnlySpan<byte> samples, Span<byte> rgb)
        {
            colours ??= layout.Meaning == TiffMeaning.Palette ? Palette() : [];
            for (int i = 0, at = 0; at < rgb.Length; i++, at += 3)
            {
                Span<byte> pixel = rgb.Slice(at, 3);
                switch (layout.Meaning)
                {
                    case TiffMeaning.Palette:
                        colours.AsSpan(samples[i] * 3, 3).CopyTo(pixel);
                        break;
                    case TiffMeaning.Inks:
                        for (int c = 0; c < 3; c++)
                            pixel[c] = Printed(samples[(i * 4) + c], samples[(i * 4) + 3]);
                        break;
                    case TiffMeaning.Colours:
                        for (int c = 0; c < 3; c++)
                            pixel[c] = Divided(samples[(i * 4) + c], samples[(i * 4) + 3]);
                        break;
                    default:
                        pixel.Fill((byte)(layout.Meaning == TiffMeaning.White ? 255 - samples[i] : samples[i]));
                        break;
                }
            }
        }

        // The high bytes of three runs of 16-bit numbers. Old files have numbers of 8 bits there.
        private byte[] Palette()
        {
            int count = 1 << layout.Bits;
            long[] map = directory.Values(bytes.Span, 320);
            if (map.Length < 3 * count)
                throw new InvalidDataException();
            int shift = map.Max() < 256 ? 0 : 8;
            byte[] colours = new byte[3 * count];
            for (int i = 0; i < colours.Length; i++)
                colours[i] = (byte)(map[(i % 3 * count) + (i / 3)] >> shift);
            return colours;
        }

        // As PIL has it, in whole numbers: what the black leaves, less the ink's share of that.
        private static byte Printed(byte ink, byte black)
        {
            int white = 255 - black,
                product = (ink * white) + 128;
            return (byte)Math.Clamp(white - (((product >> 8) + product) >> 8), 0, 255);
        }

        private static byte Divided(byte colour, byte alpha) =>
            alpha == 0 ? (byte)0
            : alpha == 255 ? colour
            : (byte)Math.Min(255, colour * 255 / alpha);

        private ushort Read16(ReadOnlySpan<byte> at) =>
            directory.IsLittle ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);

        private void Write16(Span<byte> at, ushort value)
        {
            if (directory.IsLittle)
                BinaryPrimitives.WriteUInt16LittleEndian(at, value);
            else
                BinaryPrimitives.WriteUInt16BigEndian(at, value);
        }
    }
}
