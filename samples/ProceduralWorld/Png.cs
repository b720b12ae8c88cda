// The least of PNG: 8-bit RGB, no filter, one zlib stream. Own code, as an encoder of a package would give the same pixels as other bytes,
// and the world's files and their digests in score tables are to stay what they were.

using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace DataFreeKD.ProceduralWorld;

/// <summary>Encodes RGB bytes as PNG.</summary>
internal static class Png
{
    /// <summary>The file of a <c>[size, size, 3]</c> image.</summary>
    public static byte[] Encode(byte[] pixels, int size, CompressionLevel level = CompressionLevel.Fastest)
    {
        using MemoryStream file = new();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);

        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, size);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], size);
        (header[8], header[9]) = (8, 2);
        WriteChunk(file, "IHDR", header);

        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, level, leaveOpen: true))
        {
            for (int y = 0; y < size; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(pixels, y * size * 3, size * 3);
            }
        }
        WriteChunk(file, "IDAT", packed.ToArray());
        WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void WriteChunk(Stream file, string type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(body));
        file.Write(number);
    }
}
