// Whether a JPEG goes on after its picture as a JPEG may: a decoder that has its rows does not look, and PIL does.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>
/// Reads the markers behind the first scan as libjpeg does to the end of the image (ITU-T T.81 annex B). A file of several scans must have
/// its end; one of a single scan must have nothing in it
/// that ends libjpeg with an error: such a marker stands within the picture's data, so that the rows below it are made up. Where a file
/// only lacks its end, the decoder tells what is missing.
/// </summary>
internal static class JpegEnd
{
    private const byte EndOfImage = 0xd9,
        StartOfImage = 0xd8,
        StartOfScan = 0xda,
        Huffman = 0xc4,
        Arithmetic = 0xcc,
        Quantisation = 0xdb,
        RestartInterval = 0xdd,
        LineCount = 0xdc,
        Comment = 0xfe;

    /// <summary>Why the file is broken behind its first scan's start, as a reason of a row; null where it is not, or where nothing can be
    /// said.</summary>
    public static string? Fault(ReadOnlySpan<byte> file)
    {
        int components = 0;
        bool progressive = false,
            restarts = false;
        for (int at = NextMarker(file, 2); at < file.Length; at = NextMarker(file, at))
        {
            byte marker = file[at++];
            if (IsAlone(marker))
                continue;
            if (marker == EndOfImage || at + 2 > file.Length)
                return null;
            ReadOnlySpan<byte> segment = file[at..];
            int length = Math.Max(2, (int)BinaryPrimitives.ReadUInt16BigEndian(segment));
            if (IsFrame(marker) && segment.Length >= 8)
                (components, progressive) = (segment[7], marker is 0xc2 or 0xc6 or 0xca or 0xce);
            if (marker == RestartInterval && segment.Length >= 4)
                restarts = BinaryPrimitives.ReadUInt16BigEndian(segment[2..]) != 0;
            if (marker == StartOfScan)
            {
                if (segment.Length < 3 || components == 0)
                    return null;
                return progressive || segment[2] < components ? Unended(file, at + length) : Disturbed(file, at + length, restarts);
            }
            at += length;
        }
        return null;
    }

    // Every scan may add to every row, so that libjpeg wants all of them before it gives the first.
    private static string? Unended(ReadOnlySpan<byte> file, int at)
    {
        for (at = NextMarker(file, at); at < file.Length; at = NextMarker(file, at))
        {
            byte marker = file[at++];
            if (marker == EndOfImage)
                return null;
            // Those below the frames' are passed over between restarts, and an error elsewhere, which the decoder tells.
            if (IsAlone(marker) || marker < 0xc0)
                continue;
            if (at + 2 > file.Length)
                break;
            at += Math.Max(2, (int)BinaryPrimitives.ReadUInt16BigEndian(file[at..]));
        }
        return Reason.Truncated;
    }

    private static string? Disturbed(ReadOnlySpan<byte> file, int at, bool restarts)
    {
        for (at = NextMarker(file, at); at < file.Length; at = NextMarker(file, at))
        {
            byte marker = file[at++];
            if (marker == EndOfImage)
                return null;
            if (IsAlone(marker) && marker != StartOfImage || marker < 0xc0 && restarts)
                continue;
            if (marker == StartOfImage || !HasLength(marker))
                return Reason.DecodeError;
            // Cut within the segment: libjpeg would wait for more.
            if (at + 2 > file.Length)
                return null;
            int length = BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
            ReadOnlySpan<byte> body = file[Math.Min(at + 2, file.Length)..];
            switch (Reading(marker, body, length - 2))
            {
                case true:
                    return Reason.DecodeError;
                case null:
                    return null;
                default:
                    at += Math.Max(2, length);
                    break;
            }
        }
        return null;
    }

    // Whether libjpeg ends with an error in the segment; null where the file ends before it would know.
    private static bool? Reading(byte marker, ReadOnlySpan<byte> body, int left) =>
        marker switch
        {
            StartOfScan => body.IsEmpty ? null
            : left != 4 + (2 * body[0]) || body[0] is < 1 or > 4 || body.Length >= left ? true
            : null,
            RestartInterval => left != 2,
            Huffman => BadTables(body, left),
            Quantisation => BadQuantisation(body, left),
            Arithmetic => BadConditioning(body, left),
            _ when IsFrame(marker) => body.Length >= 6 ? true : null,
            _ => false,
        };

    private static bool? BadTables(ReadOnlySpan<byte> body, int left)
    {
        while (left > 16)
        {
            if (body.Length < 17)
                return null;
            int index = body[0],
                count = 0;
            foreach (byte codes in body.Slice(1, 16))
                count += codes;
            left -= 17;
            if (count > 256 || count > left)
                return true;
            if (body.Length < 17 + count)
                return null;
            if ((index & ~0x10) is < 0 or > 3)
                return true;
            left -= count;
            body = body[(17 + count)..];
        }
        return left != 0;
    }

    private static bool? BadQuantisation(ReadOnlySpan<byte> body, int left)
    {
        while (left > 0)
        {
            if (body.IsEmpty)
                return null;
            if ((body[0] & 15) > 3)
                return true;
            int size = body[0] >> 4 == 0 ? 65 : 129;
            if (body.Length < size)
                return null;
            left -= size;
            body = body[size..];
        }
        return left != 0;
    }

    private static bool? BadConditioning(ReadOnlySpan<byte> body, int left)
    {
        for (; left > 0; left -= 2, body = body[2..])
        {
            if (body.Length < 2)
                return null;
            if (body[0] >= 32 || body[0] < 16 && (body[1] & 15) > body[1] >> 4)
                return true;
        }
        return left != 0;
    }

    private static bool IsAlone(byte marker) => marker is 0x01 or (>= 0xd0 and <= StartOfImage);

    private static bool IsFrame(byte marker) => marker is >= 0xc0 and <= 0xcf and not Huffman and not Arithmetic and not 0xc8;

    private static bool HasLength(byte marker) =>
        IsFrame(marker)
        || marker
            is Huffman
                or Arithmetic
                or Quantisation
                or RestartInterval
                or LineCount
                or StartOfScan
                or Comment
                or (>= 0xe0 and <= 0xef);

    /// <summary>The place of the next marker's code, past any fill bytes; the file's end where there is none.</summary>
    public static int NextMarker(ReadOnlySpan<byte> file, int at)
    {
        while (at < file.Length)
        {
            int mark = file[at..].IndexOf((byte)0xff);
            if (mark < 0)
                return file.Length;
            at += mark;
            while (at < file.Length && file[at] == 0xff)
                at++;
            if (at < file.Length && file[at] != 0)
                return at;
        }
        return file.Length;
    }
}
