// Builds image files byte by byte or by Skia, for tests without test material.

using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using SkiaSharp;

namespace DataFreeKD.Imaging.Tests;

internal static class TestImages
{
    /// <summary>Smooth colours with detail on them; the same for the same seed.</summary>
    public static RgbImage Photo(int width, int height, int seed = 1)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = (y * width + x) * 3;
                pixels[at] = (byte)(128 + 100 * Math.Sin((x + seed * 7) * 0.11) + (seed * 31 + x * y) % 17);
                pixels[at + 1] = (byte)(128 + 90 * Math.Cos((y - seed * 3) * 0.07 + x * 0.02 * seed));
                pixels[at + 2] = (byte)((x * 255 / width + y * seed) & 255);
            }
        }
        return new RgbImage(width, height, pixels);
    }

    /// <summary>Noise, which no codec and no filter flatters.</summary>
    public static RgbImage Noise(int width, int height, int seed = 1)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    public static byte[] Encode(RgbImage image, SKEncodedImageFormat format, int quality = 90)
    {
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> rgbx = bitmap.GetPixelSpan();
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            image.Pixels.AsSpan(i * 3, 3).CopyTo(rgbx[(i * 4)..]);
            rgbx[i * 4 + 3] = 255;
        }
        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>The five formats by name, of one picture.</summary>
    public static byte[] File(string format, RgbImage image) =>
        format switch
        {
            "jpeg" => Encode(image, SKEncodedImageFormat.Jpeg),
            "png" => ImageWriter.EncodePng(image),
            "webp" => Encode(image, SKEncodedImageFormat.Webp),
            "gif" => Gif(image),
            "bmp" => Bmp(image.Width, image.Height, image.Pixels),
            _ => throw new ArgumentException(format),
        };

    /// <summary>A PNG of one filterless scanline block; <paramref name="rows"/> are height rows of packed samples.</summary>
    public static byte[] Png(int width, int height, int depth, int colourType, byte[] rows, params (string Type, byte[] Data)[] chunks)
    {
        int stride = height == 0 ? 0 : rows.Length / height;
        using MemoryStream raw = new();
        for (int y = 0; y < height && stride > 0; y++)
        {
            raw.WriteByte(0);
            raw.Write(rows, y * stride, stride);
        }
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Optimal, leaveOpen: true))
            raw.WriteTo(zlib);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = ((byte)depth, (byte)colourType);
        using MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
        foreach (
            (string type, byte[] data) in (IEnumerable<(string, byte[])>)
                [("IHDR", header), .. chunks, ("IDAT", packed.ToArray()), ("IEND", [])]
        )
        {
            byte[] body = [.. System.Text.Encoding.ASCII.GetBytes(type), .. data];
            byte[] number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            file.Write(number);
            file.Write(body);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(body));
            file.Write(number);
        }
        return file.ToArray();
    }

    /// <summary>A 24-bit BMP; <paramref name="pixels"/> may be missing, to lie about the size.</summary>
    public static byte[] Bmp(int width, int height, byte[]? pixels)
    {
        int stride = (width * 3 + 3) / 4 * 4;
        byte[] file = new byte[54 + (pixels is null ? 0 : stride * height)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), 24);
        for (int y = 0; pixels is not null && y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int from = ((height - 1 - y) * width + x) * 3,
                    to = 54 + y * stride + x * 3;
                (file[to], file[to + 1], file[to + 2]) = (pixels[from + 2], pixels[from + 1], pixels[from]);
            }
        }
        return file;
    }

    /// <summary>A GIF by 3-3-2 palette, its codes never compressed (a clear code before the width would grow).</summary>
    public static byte[] Gif(RgbImage image, int transparent = -1)
    {
        using MemoryStream file = new();
        file.Write("GIF89a"u8);
        file.Write([(byte)image.Width, (byte)(image.Width >> 8), (byte)image.Height, (byte)(image.Height >> 8), 0xf7, 0, 0]);
        for (int i = 0; i < 256; i++)
            file.Write([(byte)((i >> 5) * 36), (byte)((i >> 2 & 7) * 36), (byte)((i & 3) * 85)]);
        if (transparent >= 0)
            file.Write([0x21, 0xf9, 4, 1, 0, 0, (byte)transparent, 0]);
        file.Write([0x2c, 0, 0, 0, 0, (byte)image.Width, (byte)(image.Width >> 8), (byte)image.Height, (byte)(image.Height >> 8), 0, 8]);
        List<byte> bits = new();
        ulong pending = 0;
        int count = 0;
        void Put(int code)
        {
            pending |= (ulong)code << count;
            for (count += 9; count >= 8; count -= 8, pending >>= 8)
                bits.Add((byte)pending);
        }
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            if (i % 200 == 0)
                Put(256);
            Put(image.Pixels[3 * i] >> 5 << 5 | image.Pixels[3 * i + 1] >> 5 << 2 | image.Pixels[3 * i + 2] >> 6);
        }
        Put(257);
        bits.Add((byte)pending);
        foreach (byte[] block in bits.Chunk(255))
        {
            file.WriteByte((byte)block.Length);
            file.Write(block);
        }
        file.Write([0, 0x3b]);
        return file.ToArray();
    }
}
