// What a TIFF, Targa or Netpbm file says it is: size, and whether it is of the plain sort that is decoded.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Reads headers, so that limits are checked before the decoder sees the file.</summary>
internal static class RasterHeader
{
    private const string Unsupported = Reason.UnsupportedFormat + "/";

    /// <summary>The header; its format is <c>tiff</c>, <c>tga</c>, <c>pbm</c>, <c>pgm</c>, <c>ppm</c>, or empty for what is none of
    /// them.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="layout">How a TIFF lies in its file; null of all others, and where the header has a reason.</param>
    public static ImageHeader Read(ReadOnlySpan<byte> bytes, out TiffLayout? layout)
    {
        layout = null;
        if (bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8))
        {
            (ImageHeader header, layout) = TiffLayout.Of(bytes);
            return header;
        }
        if (FileSignature.Netpbm(bytes) is { } netpbm)
            return netpbm is "pbm" or "pgm" or "ppm" ? Netpbm(bytes, netpbm) : new ImageHeader("", 0, 0, Unsupported + netpbm);
        if (FileSignature.ReasonOf(bytes) == Unsupported + "tga")
            return Sized("tga", BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));
        return new ImageHeader("", 0, 0, Reason.UnknownFormat);
    }

    private static ImageHeader Sized(string format, long width, long height) =>
        new(format, width, height, width > 0 && height > 0 ? null : Reason.DecodeError);

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
}
