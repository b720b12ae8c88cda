// Four bytes a pixel to three, upright.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Takes a decoder's RGBX pixels to RGB and applies an EXIF orientation.</summary>
internal static class PixelPacking
{
    /// <summary>Drops the fourth byte of each pixel.</summary>
    public static void Pack(ReadOnlySpan<byte> rgbx, Span<byte> rgb)
    {
        int pixels = rgb.Length / 3,
            i = 0;
        ref byte input = ref MemoryMarshal.GetReference(rgbx);
        ref byte output = ref MemoryMarshal.GetReference(rgb);
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<byte> order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
            // A store writes 16 bytes for 12: the four after them belong to pixels that are still to come.
            for (; i + 6 <= pixels; i += 4)
                Vector128.ShuffleNative(Vector128.LoadUnsafe(ref input, (nuint)i * 4), order).StoreUnsafe(ref output, (nuint)i * 3);
        }
        for (; i < pixels; i++)
            rgbx.Slice(i * 4, 3).CopyTo(rgb.Slice(i * 3, 3));
    }

    /// <summary>The upright image of <paramref name="orientation"/> 1–8 (EXIF tag 0x0112) of <c>[height, width, 4]</c> pixels.</summary>
    public static RgbImage Upright(ReadOnlySpan<byte> rgbx, int width, int height, int orientation)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        if (orientation is < 2 or > 8)
        {
            Pack(rgbx, pixels);
            return new RgbImage(width, height, pixels);
        }
        bool swap = orientation >= 5;
        (int outWidth, int outHeight) = swap ? (height, width) : (width, height);

        // Where the stored pixel (0, 0) goes, and how far a step right or down in storage moves in the upright image.
        (bool right, bool bottom) = orientation switch
        {
            2 => (true, false),
            3 => (true, true),
            4 => (false, true),
            6 => (true, false),
            7 => (true, true),
            8 => (false, true),
            _ => (false, false),
        };
        nint stepX = right ? -3 : 3,
            stepY = (bottom ? -3 : 3) * (nint)outWidth;
        nint start = (right ? (outWidth - 1) * 3 : 0) + (bottom ? (outHeight - 1) * (nint)outWidth * 3 : 0);
        (nint across, nint down) = swap ? (stepY, stepX) : (stepX, stepY);
        ref byte output = ref MemoryMarshal.GetArrayDataReference(pixels);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = rgbx.Slice(y * width * 4, width * 4);
            nint at = start + y * down;
            for (int x = 0; x < row.Length; x += 4, at += across)
            {
                ref byte pixel = ref Unsafe.Add(ref output, at);
                pixel = row[x];
                Unsafe.Add(ref pixel, 1) = row[x + 1];
                Unsafe.Add(ref pixel, 2) = row[x + 2];
            }
        }
        return new RgbImage(outWidth, outHeight, pixels);
    }
}
