// Images and files with things to hide, built by hand.

using System.Buffers.Binary;
using System.Text;
using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler.Tests;

internal static class StoredImages
{
    /// <summary>What no stripped file may hold.</summary>
    public const string Secret = "SECRET-PLACE";

    private static readonly byte[] SecretBytes = Encoding.ASCII.GetBytes(Secret);

    /// <summary>Smooth colours that differ with the seed; no symmetry, so that a turn shows.</summary>
    public static RgbImage Photo(int width, int height, int seed = 1)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
        {
            (int x, int y) = (i % width, i / width);
            pixels[3 * i] = (byte)(x * 255 / width);
            pixels[3 * i + 1] = (byte)(128 + 100 * Math.Sin(seed + y * 0.2));
            pixels[3 * i + 2] = (byte)((x * y + seed * 40) % 256);
        }
        return new RgbImage(width, height, pixels);
    }

    /// <summary>Soft spots of random colours, as a photograph out of focus has.</summary>
    public static RgbImage Scene(int width, int height, int seed)
    {
        byte[] spots = new byte[12 * 9 * 3];
        new Random(seed).NextBytes(spots);
        return PilResize.Resize(new RgbImage(12, 9, spots), width, height, Interpolation.Bicubic);
    }

    /// <summary>EXIF's TIFF structure: a description, the orientation (none for 0) and a GPS directory.</summary>
    public static byte[] Tiff(int orientation, bool little)
    {
        byte[] tiff = new byte[80];
        (little ? "II*\0"u8 : "MM\0*"u8).CopyTo(tiff);
        Number(tiff, 4, 8, 4);
        List<(int Tag, int Type, int Count, int Value)> entries = [(0x010e, 2, Secret.Length, 62), (0x8825, 4, 1, 50)];
        if (orientation != 0)
            entries.Insert(1, (0x0112, 3, 1, orientation));
        Number(tiff, 8, entries.Count, 2);
        for (int i = 0; i < entries.Count; i++)
        {
            Number(tiff, 10 + 12 * i, entries[i].Tag, 2);
            Number(tiff, 12 + 12 * i, entries[i].Type, 2);
            Number(tiff, 14 + 12 * i, entries[i].Count, 4);
            Number(tiff, 18 + 12 * i, entries[i].Value, entries[i].Type == 3 ? 2 : 4);
        }
        SecretBytes.CopyTo(tiff.AsSpan(62));
        return tiff;

        void Number(byte[] target, int at, int value, int bytes)
        {
            for (int i = 0; i < bytes; i++)
                target[at + i] = (byte)(value >> 8 * (little ? i : bytes - 1 - i));
        }
    }

    /// <summary>A JPEG with EXIF, XMP, IPTC, a maker's segment, comments (one after the scan), a colour profile and bytes after its
    /// end.</summary>
    public static byte[] Jpeg(RgbImage image, int orientation, bool little)
    {
        byte[] plain = ImageWriter.EncodeJpeg(image, 90);
        int firstSegmentEnd = 4 + BinaryPrimitives.ReadUInt16BigEndian(plain.AsSpan(4));
        return
        [
            .. plain[..firstSegmentEnd],
            .. Segment(0xe1, [.. "Exif\0\0"u8, .. Tiff(orientation, little)]),
            .. Segment(0xe1, [.. "http://ns.adobe.com/xap/1.0/\0"u8, .. SecretBytes]),
            .. Segment(0xe2, [.. "ICC_PROFILE\0"u8, 1, 1, .. "PROFILE"u8]),
            .. Segment(0xe2, [.. "MPF\0"u8, .. SecretBytes]),
            .. Segment(0xed, [.. "Photoshop 3.0\0"u8, .. SecretBytes]),
            .. Segment(0xef, SecretBytes),
            .. Segment(0xfe, SecretBytes),
            .. plain[firstSegmentEnd..^2],
            .. Segment(0xfe, SecretBytes),
            .. plain[^2..],
            .. SecretBytes,
        ];
    }

    /// <summary>A PNG with EXIF, the three kinds of text, the time, a private chunk, a gamma and bytes after its end.</summary>
    public static byte[] Png(RgbImage image, int orientation, bool little)
    {
        byte[] plain = ImageWriter.EncodePng(image);
        const int headerEnd = 8 + 25;
        return
        [
            .. plain[..headerEnd],
            .. Chunk("gAMA", [0, 0, 0xb1, 0x8f]),
            .. Chunk("eXIf", Tiff(orientation, little)),
            .. Chunk("tEXt", [.. "Comment\0"u8, .. SecretBytes]),
            .. Chunk("iTXt", [.. "XML:com.adobe.xmp\0\0\0\0\0"u8, .. SecretBytes]),
            .. Chunk("tIME", [7, 0xe9, 1, 1, 0, 0, 0]),
            .. Chunk("prVt", SecretBytes),
            .. plain[headerEnd..],
            .. SecretBytes,
        ];
    }

    /// <summary>A lossless WebP in its extended form, with EXIF, XMP, an unknown chunk and bytes after its end.</summary>
    public static byte[] WebP(RgbImage image, int orientation, bool little)
    {
        byte[] picture = ImageWriter.EncodeWebP(image, 75, lossless: true)[12..];
        byte[] size =
        [
            (byte)(image.Width - 1),
            (byte)((image.Width - 1) >> 8),
            0,
            (byte)(image.Height - 1),
            (byte)((image.Height - 1) >> 8),
            0,
        ];
        byte[] body =
        [
            .. "WEBP"u8,
            .. Riff("VP8X", [0x0c, 0, 0, 0, .. size]),
            .. picture,
            .. Riff("SECR", SecretBytes),
            .. Riff("EXIF", Tiff(orientation, little)),
            .. Riff("XMP ", [.. SecretBytes, 0]),
        ];
        return [.. Riff("RIFF", body), .. SecretBytes];
    }

    public static byte[] File(string format, RgbImage image, int orientation, bool little) =>
        format switch
        {
            "jpeg" => Jpeg(image, orientation, little),
            "png" => Png(image, orientation, little),
            _ => WebP(image, orientation, little),
        };

    private static byte[] Segment(byte marker, byte[] payload) =>
        [0xff, marker, (byte)((payload.Length + 2) >> 8), (byte)(payload.Length + 2), .. payload];

    private static byte[] Chunk(string name, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(name), .. data];
        uint crc = uint.MaxValue;
        foreach (byte value in body)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
        }
        byte[] chunk = [0, 0, 0, 0, .. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), ~crc);
        return chunk;
    }

    private static byte[] Riff(string name, byte[] data)
    {
        byte[] chunk = [.. Encoding.ASCII.GetBytes(name), 0, 0, 0, 0, .. data, .. new byte[data.Length & 1]];
        BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), data.Length);
        return chunk;
    }
}
