// 16-bit grey PNGs. Own code, because PIL clips their values where Skia keeps the high byte.

using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace DataFreeKD.Imaging.Formats;

/// <summary>PIL reads a 16-bit grey PNG as 32-bit integers, and its <c>convert("RGB")</c> clips those to 0–255 instead of scaling: anything
/// but near-black is white. A pipeline in parity with timm sees the same.</summary>
internal static class Gray16Png
{
    private static readonly (int X, int Y, int StepX, int StepY)[] Adam7 =
    [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];

    /// <summary>True for a PNG header of colour type 0 and depth 16.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes[24] == 16 && bytes[25] == 0;

    /// <summary>Decodes a file whose header was read and found within the limits.</summary>
    public static DecodeResult Decode(ReadOnlySpan<byte> bytes, int width, int height)
    {
        if (Crc32.HashToUInt32(bytes[12..29]) != BinaryPrimitives.ReadUInt32BigEndian(bytes[29..]))
            return new DecodeResult(null, "png", Reason.DecodeError);
        using MemoryStream compressed = new();
        foreach (PngChunk chunk in PngChunk.Walk(bytes))
        {
            if (chunk.Is("IDAT"u8))
                compressed.Write(bytes.Slice(chunk.Start, chunk.Length));
        }
        compressed.Position = 0;
        using ZLibStream data = new(compressed, CompressionMode.Decompress);
        byte[] pixels = new byte[checked(width * height * 3)];
        try
        {
            foreach ((int x, int y, int stepX, int stepY) in bytes[28] == 0 ? [(0, 0, 1, 1)] : Adam7)
                Pass(data, pixels, width, height, x, y, stepX, stepY);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return new DecodeResult(null, "png", error is EndOfStreamException ? Reason.Truncated : Reason.DecodeError);
        }
        return new DecodeResult(
            PngChunk.Orientation(bytes) is var orientation and not 1
                ? Turn(pixels, width, height, orientation)
                : new RgbImage(width, height, pixels),
            "png",
            null
        );
    }

    private static RgbImage Turn(byte[] pixels, int width, int height, int orientation)
    {
        byte[] rgbx = new byte[checked(width * height * 4)];
        for (int i = 0; i < width * height; i++)
            pixels.AsSpan(i * 3, 3).CopyTo(rgbx.AsSpan(i * 4));
        return PixelPacking.Upright(rgbx, width, height, orientation);
    }

    private static void Pass(Stream data, byte[] pixels, int width, int height, int x, int y, int stepX, int stepY)
    {
        int columns = (width - x + stepX - 1) / stepX;
        if (columns <= 0)
            return;
        byte[] row = new byte[columns * 2 + 1],
            above = new byte[columns * 2 + 1];
        for (; y < height; y += stepY)
        {
            data.ReadExactly(row);
            Unfilter(row.AsSpan(1), above.AsSpan(1), row[0]);
            for (int c = 0; c < columns; c++)
            {
                byte level = (byte)Math.Min(255, (int)BinaryPrimitives.ReadUInt16BigEndian(row.AsSpan(1 + 2 * c)));
                pixels.AsSpan((y * width + x + c * stepX) * 3, 3).Fill(level);
            }
            (row, above) = (above, row);
        }
    }

    // The five filters of the PNG specification, two bytes a pixel.
    private static void Unfilter(Span<byte> row, ReadOnlySpan<byte> above, byte filter)
    {
        if (filter > 4)
            throw new InvalidDataException($"PNG filter {filter} does not exist");
        for (int i = 0; i < row.Length && filter != 0; i++)
        {
            int left = i >= 2 ? row[i - 2] : 0,
                up = above[i],
                corner = i >= 2 ? above[i - 2] : 0;
            row[i] += (byte)(
                filter switch
                {
                    1 => left,
                    2 => up,
                    3 => (left + up) / 2,
                    _ => Paeth(left, up, corner),
                }
            );
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner),
            toUp = Math.Abs(left - corner),
            toCorner = Math.Abs(left + up - 2 * corner);
        return toLeft <= toUp && toLeft <= toCorner ? left
            : toUp <= toCorner ? up
            : corner;
    }
}
