// What a TIFF, Targa or Netpbm file says it is: size, and whether it is of the plain sort that is decoded.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Reads headers, so that limits are checked before the decoder sees the file.</summary>
internal static class RasterHeader
{
    private const string Unsupported = Reason.UnsupportedFormat + "/";

    // Bytes of a value, by the number of its type (TIFF 6.0, and the 64-bit ones of BigTIFF).
    private static ReadOnlySpan<byte> TypeBytes => [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    // PhotometricInterpretation: what 0 is, or what the numbers are.
    private const int White = 0,
        Black = 1,
        Colours = 2,
        Palette = 3;

    // None, CCITT RLE, T.4, T.6, LZW, Deflate (both numbers), PackBits: a JPEG or WebP within a TIFF would have a size of its own.
    private static readonly HashSet<int> Compressions = [1, 2, 3, 4, 5, 8, 32946, 32773];

    /// <summary>The header; its format is <c>tiff</c>, <c>tga</c>, <c>pbm</c>, <c>pgm</c>, <c>ppm</c>, or empty for what is none of
    /// them.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="orientation">How a TIFF's pixels are to be turned, 1 to 8 as in EXIF.</param>
    public static ImageHeader Read(ReadOnlySpan<byte> bytes, out int orientation)
    {
        orientation = 1;
        if (bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8))
            return Tiff(bytes, out orientation);
        if (FileSignature.Netpbm(bytes) is { } netpbm)
            return netpbm is "pbm" or "pgm" or "ppm" ? Netpbm(bytes, netpbm) : new ImageHeader("", 0, 0, Unsupported + netpbm);
        if (FileSignature.ReasonOf(bytes) == Unsupported + "tga")
            return Sized("tga", BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));
        return new ImageHeader("", 0, 0, Reason.UnknownFormat);
    }

    private static ImageHeader Sized(string format, long width, long height) =>
        new(format, width, height, width > 0 && height > 0 ? null : Reason.DecodeError);

    // The first directory alone: further ones are further pictures.
    private static ImageHeader Tiff(ReadOnlySpan<byte> bytes, out int orientation)
    {
        orientation = 1;
        bool little = bytes[0] == 'I';
        if (bytes.Length < 8)
            return new ImageHeader("tiff", 0, 0, Reason.Truncated);
        if (FileSignature.ReasonOf(bytes) != Unsupported + "tiff")
            return new ImageHeader("", 0, 0, Unsupported + "raw");
        uint directory = UInt32(bytes[4..], little);
        if (directory < 8 || directory + 2L > bytes.Length)
            return new ImageHeader("tiff", 0, 0, Reason.Truncated);
        long width = 0,
            height = 0,
            compression = 1,
            samples = 1,
            bits = 0,
            meaning = -1;
        if (ClaimsMore(bytes, directory, little))
            return new ImageHeader("tiff", 0, 0, Reason.DecodeError);
        bool tiled = false;
        int count = UInt16(bytes[(int)directory..], little);
        for (int i = 0; i < count; i++)
        {
            long at = directory + 2 + (12L * i);
            if (at + 12 > bytes.Length)
                return new ImageHeader("tiff", 0, 0, Reason.Truncated);
            ReadOnlySpan<byte> entry = bytes.Slice((int)at, 12);
            long value = UInt16(entry[2..], little) == 3 ? UInt16(entry[8..], little) : UInt32(entry[8..], little);
            switch (UInt16(entry, little))
            {
                case 256:
                    width = value;
                    break;
                case 257:
                    height = value;
                    break;
                case 258 when UInt32(entry[4..], little) <= 2:
                    bits = UInt16(entry[8..], little);
                    break;
                case 258:
                    bits = value + 2 <= bytes.Length ? UInt16(bytes[(int)value..], little) : 0;
                    break;
                case 259:
                    compression = value;
                    break;
                case 262:
                    meaning = value;
                    break;
                case 274:
                    orientation = value is >= 1 and <= 8 ? (int)value : 1;
                    break;
                case 277:
                    samples = value;
                    break;
                case 322 or 323:
                    tiled = true;
                    break;
            }
        }
        // The decoder turns black and white around in a fax whose 0 is black, and reads neither inks nor Lab.
        bool read = meaning is White or Black or Colours or Palette && (compression is not (>= 2 and <= 4) || meaning == White);
        if (
            !read
            || !Compressions.Contains((int)Math.Min(compression, int.MaxValue))
            || tiled
            || samples is < 1 or > 5
            || bits is < 1 or > 32
        )
            return new ImageHeader("", 0, 0, Unsupported + "tiff");
        // Rows of a picture that is not compressed must be there; sizes beyond every limit are told as such.
        if (
            compression == 1
            && width > 0
            && height is > 0
            && width <= int.MaxValue / height
            && height * ((width * samples * bits + 7) / 8) > bytes.Length
        )
            return new ImageHeader("tiff", 0, 0, Reason.Truncated);
        return Sized("tiff", width, height);
    }

    // The decoder copies what every tag of every directory claims, so that tags which share bytes make a small file a large one.
    private static bool ClaimsMore(ReadOnlySpan<byte> bytes, uint directory, bool little)
    {
        long claimed = 0;
        for (long at = directory; at != 0 && at + 2 <= bytes.Length;)
        {
            int count = UInt16(bytes[(int)at..], little);
            long end = at + 2 + (12L * count);
            claimed += end - at;
            for (long entry = at + 2; entry < end && entry + 12 <= bytes.Length; entry += 12)
            {
                int type = UInt16(bytes[((int)entry + 2)..], little);
                long length = (type < TypeBytes.Length ? TypeBytes[type] : 0) * (long)UInt32(bytes[((int)entry + 4)..], little);
                claimed += length > 4 ? length : 0;
            }
            if (claimed > bytes.Length)
                return true;
            at = end + 4 <= bytes.Length ? UInt32(bytes[(int)end..], little) : 0;
        }
        return false;
    }

    private static ImageHeader Netpbm(ReadOnlySpan<byte> bytes, string format)
    {
        int at = 2;
        long width = Number(bytes, ref at),
            height = Number(bytes, ref at);
        return width < 0 || height < 0 ? new ImageHeader(format, 0, 0, Reason.DecodeError) : Sized(format, width, height);
    }

    // The next number of the header, past white space and comments; -1 where there is none.
    internal static long Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        SkipSpace(bytes, ref at);
        long value = -1;
        for (; at < bytes.Length && bytes[at] is >= (byte)'0' and <= (byte)'9' && value < uint.MaxValue; at++)
            value = (Math.Max(0, value) * 10) + bytes[at] - '0';
        return value;
    }

    /// <summary>Goes past white space and comments.</summary>
    internal static void SkipSpace(ReadOnlySpan<byte> bytes, ref int at)
    {
        while (at < bytes.Length && (bytes[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'#'))
        {
            if (bytes[at] == '#')
                while (at < bytes.Length && bytes[at] != '\n')
                    at++;
            else
                at++;
        }
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
