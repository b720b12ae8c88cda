// CRC-32 of ISO 3309, as zips have it: the runtime reads a member without comparing it.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>By a table, a byte at a time: little beside what unpacking and decoding take.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => OfByte((uint)value))];

    /// <summary>The checksum.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint OfByte(uint crc)
    {
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
        return crc;
    }
}
