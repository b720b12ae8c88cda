// The checksum of zip archives, which .NET's reader leaves unchecked.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>CRC-32 (IEEE 802.3), eight bytes a step.</summary>
internal struct Crc32
{
    private static readonly uint[][] Tables = Made();

    private uint state;

    /// <summary>The checksum of all that was added.</summary>
    public readonly uint Value => state;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~state;
        uint[][] t = Tables;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            uint low = crc ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes),
                high = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc =
                t[7][low & 255]
                ^ t[6][(low >> 8) & 255]
                ^ t[5][(low >> 16) & 255]
                ^ t[4][low >> 24]
                ^ t[3][high & 255]
                ^ t[2][(high >> 8) & 255]
                ^ t[1][(high >> 16) & 255]
                ^ t[0][high >> 24];
        }
        foreach (byte b in bytes)
            crc = (crc >> 8) ^ t[0][(crc ^ b) & 255];
        state = ~crc;
    }

    private static uint[][] Made()
    {
        uint[][] tables = [.. Enumerable.Range(0, 8).Select(_ => new uint[256])];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            tables[0][i] = crc;
        }
        for (int step = 1; step < 8; step++)
        {
            for (int i = 0; i < 256; i++)
                tables[step][i] = (tables[step - 1][i] >> 8) ^ tables[0][tables[step - 1][i] & 255];
        }
        return tables;
    }
}
