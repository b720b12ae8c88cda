// The first frame of a GIF. Own code, because a transparent pixel must keep its palette colour, which Skia's decoder does not give.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>GIF87a and GIF89a (CompuServe, 1990): the logical screen with the first frame on it, by palette, as PIL's first frame converted
/// to RGB.</summary>
internal static class GifDecoder
{
    /// <summary>Decodes; <paramref name="maxPixels"/> is checked again for a frame that is larger than the screen.</summary>
    public static DecodeResult Decode(ReadOnlySpan<byte> bytes, long maxPixels)
    {
        int width = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
            height = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        Span<byte> palette = stackalloc byte[256 * 3];
        for (int i = 0; i < palette.Length; i++)
            palette[i] = (byte)(i / 3); // entries that no table sets are greys
        int at = 13;
        if (!ReadPalette(bytes, bytes[10], ref at, palette))
            return Failed(Reason.Truncated);

        // Up to the first image descriptor; a graphic control extension names the transparent index.
        int transparent = 0;
        while (true)
        {
            if (at >= bytes.Length)
                return Failed(Reason.Truncated);
            byte block = bytes[at];
            if (block == 0x2c)
                break;
            if (block == 0x3b)
                return Failed(Reason.DecodeError);
            if (block != 0x21)
            {
                at++;
                continue;
            }
            if (at + 7 < bytes.Length && bytes[at + 1] == 0xf9 && bytes[at + 2] >= 4 && (bytes[at + 3] & 1) != 0)
                transparent = bytes[at + 6];
            at += 2;
            while (at < bytes.Length && bytes[at] != 0)
                at += bytes[at] + 1;
            at++;
        }
        if (at + 10 > bytes.Length)
            return Failed(Reason.Truncated);
        int left = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 1)..]),
            top = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 3)..]);
        int frameWidth = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 5)..]),
            frameHeight = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 7)..]);
        byte flags = bytes[at + 9];
        at += 10;
        if (frameWidth == 0 || frameHeight == 0)
            return Failed(Reason.DecodeError);
        if (!ReadPalette(bytes, flags, ref at, palette))
            return Failed(Reason.Truncated);
        (width, height) = (Math.Max(width, left + frameWidth), Math.Max(height, top + frameHeight));
        if ((long)width * height > maxPixels)
            return Failed(Reason.TooManyPixels);

        if (ImageClaim.Gif((long)width * height, (long)frameWidth * frameHeight, bytes.Length) is { } claim)
            return Failed(claim);
        byte[] frame = GC.AllocateUninitializedArray<byte>(frameWidth * frameHeight);
        string? failure = GifLzw.Decode(bytes[at..], frame);
        return failure is null
            ? new DecodeResult(
                Compose(frame, new Placement(left, top, frameWidth, frameHeight, (flags & 0x40) != 0), width, height, palette, transparent),
                "gif",
                null
            )
            : Failed(failure);
    }

    private readonly record struct Placement(int Left, int Top, int Width, int Height, bool Interlaced);

    private static DecodeResult Failed(string reason) => new(null, "gif", reason);

    private static bool ReadPalette(ReadOnlySpan<byte> bytes, byte flags, ref int at, Span<byte> palette)
    {
        if ((flags & 0x80) == 0)
            return true;
        int length = 3 << ((flags & 7) + 1);
        if (at + length > bytes.Length)
            return false;
        for (int i = 0; i < palette.Length; i++)
            palette[i] = (byte)(i / 3);
        bytes.Slice(at, length).CopyTo(palette);
        at += length;
        return true;
    }

    private static RgbImage Compose(byte[] frame, Placement place, int width, int height, ReadOnlySpan<byte> palette, int background)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        if (place.Width != width || place.Height != height)
        {
            for (int i = 0; i < pixels.Length; i += 3)
                palette.Slice(background * 3, 3).CopyTo(pixels.AsSpan(i));
        }
        int source = 0;
        foreach ((int start, int step) in place.Interlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : ((int, int)[])[(0, 1)])
        {
            for (int y = start; y < place.Height; y += step)
            {
                Span<byte> row = pixels.AsSpan(((place.Top + y) * width + place.Left) * 3, place.Width * 3);
                for (int x = 0; x < row.Length; x += 3)
                    palette.Slice(frame[source++] * 3, 3).CopyTo(row[x..]);
            }
        }
        return new RgbImage(width, height, pixels);
    }
}
