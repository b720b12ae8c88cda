// The chunks of a PNG.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Where a chunk's data are; <paramref name="Length"/> never leaves the file.</summary>
internal readonly record struct PngChunk(uint Type, int Start, int Length)
{
    /// <summary>True for the chunk type of four letters.</summary>
    public bool Is(ReadOnlySpan<byte> type) => Type == BinaryPrimitives.ReadUInt32BigEndian(type);

    /// <summary>All chunks to <c>IEND</c>, what follows it is no part of the image; a cut one is given as far as it goes.</summary>
    public static List<PngChunk> Walk(ReadOnlySpan<byte> bytes)
    {
        List<PngChunk> chunks = new();
        for (long at = 8; at + 8 <= bytes.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[(int)at..]);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(bytes[((int)at + 4)..]);
            chunks.Add(new PngChunk(type, (int)at + 8, (int)Math.Min(length, bytes.Length - at - 8)));
            if (chunks[^1].Is("IEND"u8))
                break;
            at += 12L + length;
        }
        return chunks;
    }

    /// <summary>The orientation 1–8 of the <c>eXIf</c> chunk, which Skia does not read; 1 without one.</summary>
    public static int Orientation(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf("eXIf"u8) < 0)
            return 1;
        foreach (PngChunk chunk in Walk(bytes))
        {
            if (chunk.Is("eXIf"u8))
                return ExifOrientation.Read(bytes.Slice(chunk.Start, chunk.Length));
        }
        return 1;
    }
}
