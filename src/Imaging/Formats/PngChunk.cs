// The chunks of a PNG, and the EXIF orientation in one of them.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Where a chunk's data are; <paramref name="Length"/> never leaves the file.</summary>
internal readonly record struct PngChunk(uint Type, int Start, int Length)
{
    /// <summary>True for the chunk type of four letters.</summary>
    public bool Is(ReadOnlySpan<byte> type) => Type == BinaryPrimitives.ReadUInt32BigEndian(type);

    /// <summary>All chunks; a cut one is given as far as it goes.</summary>
    public static List<PngChunk> Walk(ReadOnlySpan<byte> bytes)
    {
        var chunks = new List<PngChunk>();
        for (long at = 8; at + 8 <= bytes.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[(int)at..]);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(bytes[((int)at + 4)..]);
            chunks.Add(new PngChunk(type, (int)at + 8, (int)Math.Min(length, bytes.Length - at - 8)));
            at += 12L + length;
        }
        return chunks;
    }

    /// <summary>The orientation 1–8 of the <c>eXIf</c> chunk, which Skia does not read; 1 without one.</summary>
    public static int Orientation(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf("eXIf"u8) < 0) return 1;
        foreach (PngChunk chunk in Walk(bytes))
        {
            if (chunk.Is("eXIf"u8)) return ExifOrientation(bytes.Slice(chunk.Start, chunk.Length));
        }
        return 1;
    }

    // TIFF: byte order, 42, offset of the first directory, in which tag 0x0112 is the orientation as a short.
    private static int ExifOrientation(ReadOnlySpan<byte> tiff)
    {
        if (tiff.StartsWith("Exif\0\0"u8)) tiff = tiff[6..];
        if (tiff.Length < 10) return 1;
        bool little = tiff[0] == 'I';
        uint directory = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2) return 1;
        int count = Short(tiff[(int)directory..], little);
        for (int i = 0; i < count; i++)
        {
            long at = directory + 2 + 12L * i;
            if (at + 12 > tiff.Length) return 1;
            if (Short(tiff[(int)at..], little) == 0x0112) return Short(tiff[((int)at + 8)..], little) is var value and >= 1 and <= 8 ? value : 1;
        }
        return 1;
    }

    private static int Short(ReadOnlySpan<byte> bytes, bool little) => little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
