// Whether a file can hold the pixels that it claims: asked before they are allocated.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Bounds what a format's compression can unpack to, so that a few bytes that claim a large picture cost nothing.</summary>
internal static class ImageClaim
{
    /// <summary>Pixels from which a picture is large: those are decoded one at a time, and a few rules are for them alone.</summary>
    public const long Large = 16_000_000;

    // RFC 1951: 258 bytes by two codes of one bit each.
    public const long DeflateRatio = 1032;

    // 4,095 pixels by a code of 12 bits.
    private const long LzwRatio = 2731;

    // A block of 8 × 8 by one bit at least, the first scan's; the file's end in the middle of a small picture is filled up, as PIL does.
    private const long HuffmanRatio = 512;

    // A first frame may be smaller than its screen, but not a dot on a wall.
    private const long ScreenRatio = 64;

    /// <summary>Why the file cannot be what it claims; null where it can.</summary>
    public static string? Fault(ImageHeader header, ReadOnlySpan<byte> file) =>
        header.Format switch
        {
            "bmp" or "tga" when RowBytes(header, file) is { } bytes && bytes * header.Height > file.Length && IsLarge(header) =>
                Reason.Truncated,
            // Formats whose compression has no bound: a large picture of one colour is not worth its memory.
            "bmp" or "tga" or "tiff" or "webp" when IsLarge(header) && header.Width * header.Height > DeflateRatio * file.Length =>
                Reason.TooManyPixels,
            "png" when PngBytes(header, file) > DeflateRatio * file.Length => Reason.Truncated,
            "jpeg" when header.Width * header.Height is > Large and var pixels && pixels > HuffmanRatio * file.Length => Reason.Truncated,
            _ => null,
        };

    /// <summary>The same for the first frame of a GIF.</summary>
    public static string? Gif(long screen, long frame, long bytes) =>
        frame > LzwRatio * bytes ? Reason.Truncated
        : screen > Large && screen / ScreenRatio > frame ? Reason.TooManyPixels
        : null;

    private static bool IsLarge(ImageHeader header) => header.Width * header.Height > Large;

    // Of a picture that is not compressed; null of others.
    private static long? RowBytes(ImageHeader header, ReadOnlySpan<byte> file)
    {
        if (header.Format == "tga")
            return file[2] is 1 or 2 or 3 ? header.Width * file[16] / 8 : null;
        bool old = file[14] == 12;
        if (!old && file.Length < 34)
            return null;
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(file[(old ? 24 : 28)..]);
        uint compression = old ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(file[30..]);
        return compression is 0 or 3 or 6 ? ((header.Width * bits) + 31) / 32 * 4 : null;
    }

    private static Int128 PngBytes(ImageHeader header, ReadOnlySpan<byte> file)
    {
        int samples = file[25] switch
        {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        return (Int128)header.Height * (((Int128)header.Width * samples * file[24] + 7) / 8);
    }
}
