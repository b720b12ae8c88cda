// The one tag of EXIF that changes the picture: read from it, and an EXIF block that holds nothing else.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Tag 0x0112 of EXIF's TIFF structure (CIPA DC-008): how stored pixels are to be turned.</summary>
internal static class ExifOrientation
{
    private const int Tag = 0x0112;

    /// <summary>The orientation 1–8; 1 where there is none.</summary>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        // TIFF: byte order, 42, offset of the first directory, in which the orientation is a short.
        if (tiff.StartsWith("Exif\0\0"u8))
            tiff = tiff[6..];
        if (tiff.Length < 10)
            return 1;
        bool little = tiff[0] == 'I';
        uint directory = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2)
            return 1;
        int count = Short(tiff[(int)directory..], little);
        for (int i = 0; i < count; i++)
        {
            long at = directory + 2 + 12L * i;
            if (at + 12 > tiff.Length)
                return 1;
            if (Short(tiff[(int)at..], little) == Tag)
                return Short(tiff[((int)at + 8)..], little) is var value and >= 1 and <= 8 ? value : 1;
        }
        return 1;
    }

    /// <summary>A TIFF structure of one directory with one entry, the orientation.</summary>
    public static byte[] Alone(int orientation) =>
        [
            .. "MM\0*"u8,
            0,
            0,
            0,
            8, // big-endian, the directory at byte 8
            0,
            1,
            Tag >> 8,
            Tag & 0xff,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            (byte)orientation,
            0,
            0, // one entry: a short, one of it
            0,
            0,
            0,
            0, // no further directory
        ];

    private static int Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
