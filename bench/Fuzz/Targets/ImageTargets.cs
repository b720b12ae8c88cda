// Images of every format that is decoded, and what is taken out of them before they are stored.

using System.Buffers.Binary;
using System.IO.Hashing;
using DataFreeKD.Imaging;
using DataFreeKD.Testing;

namespace DataFreeKD.Fuzz.Targets;

/// <summary>One format.</summary>
internal sealed class ImageTarget(string format) : Target
{
    // Small, so that many are tried; a claim beyond it must be refused before anything is allocated.
    private static readonly DecodeLimits Limits = new()
    {
        MaxBytes = 1 << 20,
        MaxPixels = 1 << 20,
        Formats = DecodeLimits.FurtherFormats,
    };

    public override string Name => format;

    public override string Extension => "." + format;

    public override string Family => "images";

    public override bool OnDisk => false;

    protected override IReadOnlyList<string> Words =>
        format switch
        {
            "jpeg" =>
            [
                "\xff\xd8",
                "\xff\xda",
                "\xff\xc0",
                "\xff\xc2",
                "\xff\xc4",
                "\xff\xdb",
                "\xff\xdd",
                "\xff\xe1",
                "\xff\xd9",
                "\xff\xd0",
                "Exif\0\0",
                "\xff\xff",
            ],
            "png" => ["IHDR", "IDAT", "IEND", "PLTE", "tRNS", "iCCP", "eXIf", "acTL", "fdAT", "\0\0\0\0", "\x7f\xff\xff\xff"],
            "webp" => ["RIFF", "WEBPVP8 ", "WEBPVP8L", "VP8X", "ALPH", "ANIM", "ANMF", "\xff\xff\xff"],
            "gif" => ["GIF89a", "\x21\xf9\u0004", "\x2c", "\x3b", "\xff\xff"],
            "tiff" => ["II*\0", "MM\0*", "\u0000\u0001\u0003\0", "\u0011\u0001\u0004\0", "\xff\xff\xff\xff", "\u0003\u0001"],
            _ => ["\xff\xff\xff\xff", "\0\0\0\0", "\x80"],
        };

    protected override IReadOnlyList<byte[]> Samples() =>
        format switch
        {
            "jpeg" => [ImageWriter.EncodeJpeg(Noise(23, 17), 80), ImageWriter.EncodeJpeg(Noise(64, 8), 30)],
            "png" => [ImageWriter.EncodePng(Noise(23, 17)), ImageWriter.EncodePng(Noise(5, 40))],
            "webp" =>
            [
                ImageWriter.EncodeWebP(Noise(23, 17), 70, lossless: false),
                ImageWriter.EncodeWebP(Noise(23, 17), 70, lossless: true),
            ],
            "gif" =>
            [
                Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
                [
                    .. "GIF89a"u8,
                    4,
                    0,
                    4,
                    0,
                    0x91,
                    0,
                    0,
                    255,
                    0,
                    0,
                    0,
                    255,
                    0,
                    0,
                    0,
                    255,
                    9,
                    9,
                    9,
                    0x2c,
                    0,
                    0,
                    0,
                    0,
                    4,
                    0,
                    4,
                    0,
                    0,
                    2,
                    5,
                    0x84,
                    0x6f,
                    0xa1,
                    0x6b,
                    0x51,
                    0,
                    0x3b,
                ],
            ],
            "bmp" => [NoiseBitmap.Of(12, 9, 3), NoiseBitmap.Of(1, 30, 4)],
            "tiff" => [Tiff()],
            "tga" =>
            [
                [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 24, 0x20, 1, 2, 3, 4, 5, 6],
                [0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 24, 0x20, 0x81, 1, 2, 3],
            ],
            _ =>
            [
                [.. "P6\n2 2\n255\n"u8, .. Enumerable.Range(1, 12).Select(value => (byte)value)],
                [.. "P3\n2 1\n255\n1 2 3 4 5 6\n"u8],
                [.. "P1\n# c\n3 1\n1 0 1\n"u8],
            ],
        };

    // Half of the changed PNGs have their checksums put right, or no change would get past them.
    protected override byte[] Wrapped(int sample, byte[] bytes) => format == "png" && bytes.Length % 2 == 1 ? Resealed(bytes) : bytes;

    public override void Read(byte[] bytes, string file)
    {
        DecodeResult decoded = ImageDecoder.Decode(bytes, Limits);
        if ((decoded.Image is null) == (decoded.Reason is null))
            throw new InvalidOperationException("neither an image nor a reason");
        _ = ImageDecoder.Glance(bytes, 8, Limits);
        if (decoded.Image is not null && format is "jpeg" or "png" or "webp")
            _ = ImageMetadata.Strip(bytes, decoded.Format);
    }

    public override void ReadWhole(byte[] bytes, string file)
    {
        if (ImageDecoder.Decode(bytes, Limits).Reason is { } reason)
            throw new InvalidOperationException($"a sample is refused: {reason}");
        Read(bytes, file);
    }

    private static RgbImage Noise(int width, int height)
    {
        byte[] pixels = new byte[3 * width * height];
        new Random(width).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static byte[] Resealed(byte[] png)
    {
        byte[] sealed_ = [.. png];
        for (int at = 8; at + 12 <= sealed_.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(sealed_.AsSpan(at));
            if (length > sealed_.Length - at - 12)
                break;
            int end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(sealed_.AsSpan(end), Crc32.HashToUInt32(sealed_.AsSpan(at + 4, (int)length + 4)));
            at = end + 4;
        }
        return sealed_;
    }

    // Two by two pixels in one strip; behind the directory the bits of each sample, then the pixels.
    private static byte[] Tiff()
    {
        const int Behind = 122,
            Pixels = Behind + 6;
        (ushort Tag, ushort Type, uint Count, uint Value)[] entries =
        [
            (256, 3, 1, 2),
            (257, 3, 1, 2),
            (258, 3, 3, Behind),
            (259, 3, 1, 1),
            (262, 3, 1, 2),
            (273, 4, 1, Pixels),
            (277, 3, 1, 3),
            (278, 3, 1, 2),
            (279, 4, 1, 12),
        ];
        byte[] file = new byte[Pixels + 12];
        for (int i = 0; i < 3; i++)
            file[Behind + (2 * i)] = 8;
        "II*\0"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(4), 8);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> at = file.AsSpan(10 + (12 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(at, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(at[2..], entries[i].Type);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], entries[i].Count);
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], entries[i].Value);
        }
        for (int i = 0; i < 12; i++)
            file[Pixels + i] = (byte)(20 * i);
        return file;
    }
}
