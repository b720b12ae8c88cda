// A JPEG without the segments that decoding does not need.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Copies the marker segments and scans of ITU-T T.81 annex B; of the application segments only JFIF's head, ICC profiles and
/// Adobe's colour transform.</summary>
internal static class JpegMetadata
{
    private const byte StartOfImage = 0xd8,
        EndOfImage = 0xd9,
        StartOfScan = 0xda,
        App0 = 0xe0,
        App1 = 0xe1,
        App2 = 0xe2,
        App14 = 0xee,
        App15 = 0xef,
        Comment = 0xfe;

    // "JFIF\0", version, unit, densities; the two bytes after it are the size of a preview.
    private const int JfifHead = 12;

    /// <summary>The file without metadata; it is read as leniently as decoders read it.</summary>
    public static byte[] Strip(ReadOnlySpan<byte> file, int orientation)
    {
        using MemoryStream kept = new(file.Length);
        kept.Write([0xff, StartOfImage]);
        bool orientationDue = orientation != 1;
        for (int at = JpegEnd.NextMarker(file, 2); at < file.Length; at = JpegEnd.NextMarker(file, at))
        {
            byte marker = file[at++];
            if (marker == EndOfImage)
                break;
            if (marker is 0x01 or (>= 0xd0 and <= StartOfImage) || at + 2 > file.Length)
                continue;
            int length = Math.Max(2, (int)BinaryPrimitives.ReadUInt16BigEndian(file[at..]));
            // Decoders do not act on a segment that is cut off; what is left of it, with a length that fits, they would.
            if (at + length > file.Length)
                break;
            ReadOnlySpan<byte> payload = file[(at + 2)..(at + length)];
            at += length;
            bool jfif = marker == App0 && payload.StartsWith("JFIF\0"u8) && payload.Length >= JfifHead;
            if (orientationDue && !jfif)
            {
                // JFIF wants to be first; EXIF comes straight after it.
                Write(kept, App1, [.. "Exif\0\0"u8, .. ExifOrientation.Alone(orientation)]);
                orientationDue = false;
            }
            if (jfif)
                Write(kept, marker, [.. payload[..JfifHead], 0, 0]);
            else if (Needed(marker, payload))
                Write(kept, marker, payload);
            if (marker == StartOfScan && at < file.Length)
            {
                int end = ScanEnd(file, at);
                kept.Write(file[at..end]);
                at = end;
            }
        }
        // A file that lacks its end may decode because of the bytes that follow, which are gone now.
        kept.Write([0xff, EndOfImage]);
        return kept.ToArray();
    }

    private static bool Needed(byte marker, ReadOnlySpan<byte> payload) =>
        marker switch
        {
            App2 => payload.StartsWith("ICC_PROFILE\0"u8),
            App14 => payload.StartsWith("Adobe"u8),
            >= App0 and <= App15 or Comment => false,
            _ => true,
        };

    private static void Write(MemoryStream kept, byte marker, ReadOnlySpan<byte> payload)
    {
        int length = payload.Length + 2;
        kept.Write([0xff, marker, (byte)(length >> 8), (byte)length]);
        kept.Write(payload);
    }

    /// <summary>Where entropy-coded data end: at a marker that is neither a stuffed zero nor a restart.</summary>
    private static int ScanEnd(ReadOnlySpan<byte> file, int at)
    {
        while (true)
        {
            int mark = file[at..].IndexOf((byte)0xff);
            if (mark < 0 || at + mark + 1 >= file.Length)
                return file.Length;
            at += mark;
            if (file[at + 1] is not (0x00 or 0xff or (>= 0xd0 and <= 0xd7)))
                return at;
            // A fill byte may be followed by the marker itself.
            at += file[at + 1] == 0xff ? 1 : 2;
        }
    }
}
