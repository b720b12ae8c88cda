// A PNG without the chunks that decoding does not need.

using System.Buffers.Binary;
using System.IO.Hashing;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Copies the chunks of the image: critical ones, colour, transparency, animation. Text, time, EXIF and private chunks stay
/// behind.</summary>
internal static class PngMetadata
{
    private static readonly string[] Rendering =
    [
        "tRNS",
        "gAMA",
        "cHRM",
        "sRGB",
        "iCCP",
        "sBIT",
        "bKGD",
        "hIST",
        "pHYs",
        "sPLT",
        "cICP",
        "mDCV",
        "cLLI",
        "acTL",
        "fcTL",
        "fdAT",
    ];
    private static readonly HashSet<uint> Kept =
    [
        .. Rendering.Select(static name => (uint)(name[0] << 24 | name[1] << 16 | name[2] << 8 | name[3])),
    ];

    // A lower-case first letter marks a chunk that a decoder may pass over.
    private const uint Ancillary = 0x20000000;

    /// <summary>The file without metadata.</summary>
    public static byte[] Strip(ReadOnlySpan<byte> file, int orientation)
    {
        using MemoryStream kept = new(file.Length);
        kept.Write(file[..8]);
        foreach (PngChunk chunk in PngChunk.Walk(file))
        {
            if ((chunk.Type & Ancillary) == 0 || Kept.Contains(chunk.Type))
                kept.Write(file[(chunk.Start - 8)..Math.Min(chunk.Start + chunk.Length + 4, file.Length)]);
            if (orientation != 1 && chunk.Is("IHDR"u8))
                WriteOrientation(kept, orientation);
        }
        return kept.ToArray();
    }

    private static void WriteOrientation(MemoryStream kept, int orientation)
    {
        byte[] tiff = ExifOrientation.Alone(orientation);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, tiff.Length);
        kept.Write(number);
        byte[] body = [.. "eXIf"u8, .. tiff];
        kept.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(body));
        kept.Write(number);
    }
}
