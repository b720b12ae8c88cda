// A WebP without the chunks that decoding does not need.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Copies the RIFF chunks of the image (RFC 9649): pictures, alpha, animation, colour profile. EXIF, XMP and unknown chunks stay
/// behind.</summary>
internal static class WebPMetadata
{
    private const byte ExifFlag = 0x08,
        XmpFlag = 0x04;
    private const int Header = 12;

    /// <summary>The file without metadata.</summary>
    public static byte[] Strip(ReadOnlySpan<byte> file, int orientation)
    {
        using MemoryStream kept = new(file.Length);
        kept.Write(file[..Header]);
        long end = Math.Min(file.Length, 8L + BinaryPrimitives.ReadUInt32LittleEndian(file[4..]));
        bool extended = false;
        for (long at = Header; at + 8 <= end;)
        {
            ReadOnlySpan<byte> name = file.Slice((int)at, 4);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[((int)at + 4)..]);
            int start = (int)at + 8;
            if (Needed(name))
            {
                // RFC 9649 wants VP8X first, so that its flags are the byte after its header.
                extended |= at == Header && name.SequenceEqual("VP8X"u8) && length >= 10 && start + 10 <= end;
                // A cut chunk may still hold the whole picture: it becomes as long as it is.
                Write(kept, name, file[start..(int)Math.Min(start + (long)length, end)]);
            }
            at = start + (long)length + (length & 1);
        }
        // Only the extended form can say that there is an orientation.
        if (orientation != 1 && extended)
            Write(kept, "EXIF"u8, ExifOrientation.Alone(orientation));
        byte[] stripped = kept.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(stripped.AsSpan(4), stripped.Length - 8);
        if (extended)
        {
            ref byte flags = ref stripped[Header + 8];
            flags &= unchecked((byte)~(ExifFlag | XmpFlag));
            if (orientation != 1)
                flags |= ExifFlag;
        }
        return stripped;
    }

    private static bool Needed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("VP8 "u8)
        || name.SequenceEqual("VP8L"u8)
        || name.SequenceEqual("VP8X"u8)
        || name.SequenceEqual("ALPH"u8)
        || name.SequenceEqual("ANIM"u8)
        || name.SequenceEqual("ANMF"u8)
        || name.SequenceEqual("ICCP"u8);

    private static void Write(MemoryStream kept, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        kept.Write(name);
        kept.Write(length);
        kept.Write(data);
        if (data.Length % 2 != 0)
            kept.WriteByte(0);
    }
}
