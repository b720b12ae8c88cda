// Portable bitmaps, grey maps and pixel maps. ImageSharp wants white space between the bits of a plain bitmap, which the format does not,
// and
// takes few of the largest values that a file may name.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Decodes P1 to P6 (<c>pbm</c>, <c>pgm</c>, <c>ppm</c>): values are scaled from the file's largest to 255 and rounded, as PIL
/// does; of several pictures the first is taken.</summary>
internal ref struct NetpbmDecoder
{
    private const int Largest = 65535;

    private readonly ReadOnlySpan<byte> bytes;
    private int at;

    private NetpbmDecoder(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    /// <summary>Decodes a file whose header was read and found within the limits.</summary>
    public static DecodeResult Decode(ReadOnlySpan<byte> bytes, ImageHeader header)
    {
        NetpbmDecoder decoder = new(bytes) { at = 2 };
        try
        {
            byte[] pixels = decoder.Pixels((int)header.Width, (int)header.Height);
            return new DecodeResult(new RgbImage((int)header.Width, (int)header.Height, pixels), header.Format, null);
        }
        catch (EndOfStreamException)
        {
            return new DecodeResult(null, header.Format, Reason.Truncated);
        }
        catch (InvalidDataException)
        {
            return new DecodeResult(null, header.Format, Reason.DecodeError);
        }
    }

    private byte[] Pixels(int width, int height)
    {
        int kind = bytes[1] - '0';
        bool bits = kind is 1 or 4,
            colour = kind is 3 or 6;
        _ = (RasterHeader.Number(bytes, ref at), RasterHeader.Number(bytes, ref at));
        long most = bits ? 1 : RasterHeader.Number(bytes, ref at);
        if (most is < 1 or > Largest)
            throw new InvalidDataException();
        // One white space character ends the header of a binary file.
        if (kind > 3)
            at++;
        int samples = width * (colour ? 3 : 1);
        // Before memory is taken for it: a bit, a byte or two, or a digit and what divides it from the next.
        long least = kind switch
        {
            1 => (long)width * height,
            4 => (long)height * ((width + 7) / 8),
            2 or 3 => (2L * samples * height) - 1,
            _ => (long)samples * height * (most > byte.MaxValue ? 2 : 1),
        };
        if (bytes.Length - at < least)
            throw new EndOfStreamException();
        byte[] pixels = new byte[checked(width * height * 3)];
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < samples; i++)
            {
                long value = kind switch
                {
                    1 => 1 - Bit(),
                    4 => 1 - (Byte(at + (i >> 3)) >> (7 - (i & 7)) & 1),
                    2 or 3 => Plain(),
                    _ => most > byte.MaxValue ? Wide() : Byte(at++),
                };
                // PIL refuses plain numbers beyond the largest, and cuts binary ones.
                if (kind < 4 && value > most)
                    throw new InvalidDataException();
                byte shown = (byte)Math.Round(Math.Min(value, most) * 255.0 / most);
                int pixel = (y * width * 3) + (colour ? i : 3 * i);
                pixels[pixel] = shown;
                if (!colour)
                    pixels[pixel + 1] = pixels[pixel + 2] = shown;
            }
            if (kind == 4)
                at += (width + 7) / 8;
        }
        return pixels;
    }

    // White space between the bits is allowed and not needed.
    private int Bit()
    {
        RasterHeader.SkipSpace(bytes, ref at);
        return Byte(at++) switch
        {
            (byte)'0' => 0,
            (byte)'1' => 1,
            _ => throw new InvalidDataException(),
        };
    }

    private long Plain()
    {
        long value = RasterHeader.Number(bytes, ref at);
        return value >= 0 ? value
            : at >= bytes.Length ? throw new EndOfStreamException()
            : throw new InvalidDataException();
    }

    private int Wide()
    {
        if (at + 2 > bytes.Length)
            throw new EndOfStreamException();
        at += 2;
        return BinaryPrimitives.ReadUInt16BigEndian(bytes[(at - 2)..]);
    }

    private readonly byte Byte(int place) => place < bytes.Length ? bytes[place] : throw new EndOfStreamException();
}
