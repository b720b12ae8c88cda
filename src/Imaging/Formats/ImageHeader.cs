// What a file says it is, read from its first bytes: the limits are checked on this before a decoder sees the file.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Format and size as the header has them; <paramref name="Reason"/> tells why there is no size.</summary>
internal readonly record struct ImageHeader(string Format, long Width, long Height, string? Reason)
{
    /// <summary>Reads the header of a JPEG, PNG, WebP, GIF or BMP.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]))
            return Jpeg(bytes);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
            return Png(bytes);
        if (bytes.StartsWith("GIF87a"u8) || bytes.StartsWith("GIF89a"u8))
            return Gif(bytes);
        if (bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8))
            return WebP(bytes);
        if (bytes.StartsWith("BM"u8))
            return Bmp(bytes);
        return new ImageHeader("", 0, 0, FileSignature.ReasonOf(bytes));
    }

    /// <summary>Whether there are more pixels than a limit; a side alone may be as large as a number can be, so that the product must not
    /// be taken first.</summary>
    public bool Exceeds(long maxPixels) =>
        Width > maxPixels || Height > maxPixels || (UInt128)(ulong)Width * (ulong)Height > (UInt128)(ulong)maxPixels;

    private static ImageHeader Sized(string format, long width, long height) =>
        new(format, width, height, width > 0 && height > 0 ? null : Core.Reason.DecodeError);

    private static ImageHeader Png(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 33)
            return new ImageHeader("png", 0, 0, Core.Reason.Truncated);
        if (!bytes[12..].StartsWith("IHDR"u8))
            return new ImageHeader("png", 0, 0, Core.Reason.DecodeError);
        return Sized("png", BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]));
    }

    private static ImageHeader Gif(ReadOnlySpan<byte> bytes) =>
        bytes.Length < 13
            ? new ImageHeader("gif", 0, 0, Core.Reason.Truncated)
            : Sized("gif", BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));

    private static ImageHeader Bmp(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 26)
            return new ImageHeader("bmp", 0, 0, Core.Reason.Truncated);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]);
        if (size == 12)
            return Sized("bmp", BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[20..]));
        // "BM" alone is too weak a mark: text may begin with it.
        if (size is < 16 or > 256)
            return new ImageHeader("", 0, 0, Core.Reason.UnknownFormat);
        return Sized(
            "bmp",
            BinaryPrimitives.ReadInt32LittleEndian(bytes[18..]),
            Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(bytes[22..]))
        );
    }

    private static ImageHeader WebP(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 30)
            return new ImageHeader("webp", 0, 0, Core.Reason.Truncated);
        ReadOnlySpan<byte> chunk = bytes[12..];
        if (chunk.StartsWith("VP8X"u8))
            return Sized("webp", 1 + (bytes[24] | bytes[25] << 8 | bytes[26] << 16), 1 + (bytes[27] | bytes[28] << 8 | bytes[29] << 16));
        if (chunk.StartsWith("VP8L"u8))
        {
            uint bits = BinaryPrimitives.ReadUInt32LittleEndian(bytes[21..]);
            return Sized("webp", 1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff));
        }
        if (chunk.StartsWith("VP8 "u8))
            return Sized(
                "webp",
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]) & 0x3fff,
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]) & 0x3fff
            );
        return new ImageHeader("webp", 0, 0, Core.Reason.DecodeError);
    }

    // Segments are skipped by their lengths until a frame header (SOF0..SOF15 without DHT, JPG, DAC).
    private static ImageHeader Jpeg(ReadOnlySpan<byte> bytes)
    {
        int at = 2;
        while (at + 4 <= bytes.Length)
        {
            if (bytes[at] != 0xff)
            {
                at++;
                continue;
            }
            byte marker = bytes[at + 1];
            if (marker is 0xff)
            {
                at++;
            }
            else if (marker is 0x00 or 0x01 or (>= 0xd0 and <= 0xd8))
            {
                at += 2;
            }
            else if (marker is >= 0xc0 and <= 0xcf and not 0xc4 and not 0xc8 and not 0xcc)
            {
                if (at + 9 > bytes.Length)
                    break;
                return Sized(
                    "jpeg",
                    BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 7)..]),
                    BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..])
                );
            }
            else if (marker is 0xd9 or 0xda)
            {
                return new ImageHeader("jpeg", 0, 0, Core.Reason.DecodeError);
            }
            else
            {
                at += 2 + Math.Max(2, (int)BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]));
            }
        }
        return new ImageHeader("jpeg", 0, 0, Core.Reason.Truncated);
    }
}
