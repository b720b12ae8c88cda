// How much work a JPEG asks for: a progressive one may go over all its pixels as often as it likes.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Bounds scans × pixels before a decoder sees the file: each scan of a few bytes may cost a pass over the whole
/// picture.</summary>
internal static class JpegScans
{
    /// <summary>Encoders write about ten scans, and none more than this of a picture of any size.</summary>
    private const int Usual = 32;

    /// <summary>What further scans may cost: some seconds.</summary>
    private const long MostWork = 500_000_000;

    /// <summary>Whether the file asks for more than any picture needs.</summary>
    /// <param name="file">A JPEG.</param>
    /// <param name="pixels">Its width × height.</param>
    public static bool TooMany(ReadOnlySpan<byte> file, long pixels)
    {
        long most = Math.Max(Usual, MostWork / Math.Max(1, pixels)),
            scans = 0;
        for (int at = 2; at + 4 <= file.Length;)
        {
            int mark = file[at..].IndexOf((byte)0xff);
            if (mark < 0 || at + mark + 1 >= file.Length)
                break;
            at += mark;
            byte code = file[at + 1];
            if (code is 0x00 or 0x01 or 0xff or (>= 0xd0 and <= 0xd8))
            {
                at += code == 0xff ? 1 : 2;
                continue;
            }
            if (code == 0xd9)
                break;
            if (code == 0xda && ++scans > most)
                return true;
            at += at + 4 <= file.Length ? 2 + Math.Max(2, (int)BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..])) : 2;
        }
        return false;
    }
}
