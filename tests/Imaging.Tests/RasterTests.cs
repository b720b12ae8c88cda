// TIFF, Targa and Netpbm: decoded where they are asked for, under the same limits, and nowhere else.

using System.Buffers.Binary;
using System.Text;
using CsCheck;

namespace DataFreeKD.Imaging.Tests;

public class RasterTests
{
    private static readonly RgbImage Picture = TestImages.Photo(13, 7);

    public static TheoryData<string> Formats => ["tiff", "tga", "ppm"];

    [Theory, MemberData(nameof(Formats))]
    public void A_file_has_its_pixels_where_its_format_is_asked_for_and_is_named_where_not(string format)
    {
        byte[] file = Write(format);
        DecodeResult result = ImageDecoder.Decode(file, DecodeLimits.Local);
        Assert.Equal((format, null), (result.Format, result.Reason));
        Assert.Equal(Picture.Pixels, result.Image!.Pixels);
        Assert.Equal((null, $"unsupported_format/{format}"), (ImageDecoder.Decode(file).Image, ImageDecoder.Decode(file).Reason));
        Assert.Equal(
            $"unsupported_format/{format}",
            ImageDecoder.Decode(file, new DecodeLimits { Formats = new HashSet<string> { "pgm" } }).Reason
        );
    }

    [Fact]
    public void Grey_and_bitmaps_become_RGB()
    {
        DecodeResult grey = ImageDecoder.Decode("P2\n# a comment\n2 1\n255\n0 200\n"u8.ToArray(), DecodeLimits.Local);
        Assert.Equal("pgm", grey.Format);
        Assert.Equal([0, 0, 0, 200, 200, 200], grey.Image!.Pixels);
        DecodeResult bits = ImageDecoder.Decode((byte[])[.. "P4 8 1\n"u8, 0b10000001], DecodeLimits.Local);
        Assert.Equal("pbm", bits.Format);
        Assert.Equal([0, 255, 255, 255, 255, 255, 255, 0], Enumerable.Range(0, 8).Select(x => bits.Image!.Pixels[3 * x]));
    }

    [Fact]
    public void A_TIFF_is_turned_upright()
    {
        byte[] file = Tiff(orientation: 6);
        RgbImage image = ImageDecoder.Decode(file, DecodeLimits.Local).Image!;
        Assert.Equal((7, 13), (image.Width, image.Height));
        // Stored (0, 0) is the upper right corner then.
        Assert.Equal(Picture.Pixels[..3], image.Pixels[(6 * 3)..(7 * 3)]);
    }

    [Theory, MemberData(nameof(Formats))]
    public void Limits_are_checked_on_the_header(string format)
    {
        byte[] file = Write(format);
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(file, DecodeLimits.Local with { MaxPixels = (13 * 7) - 1 }).Reason);
        Assert.Null(ImageDecoder.Decode(file, DecodeLimits.Local with { MaxPixels = 13 * 7 }).Reason);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_file_that_is_cut_or_damaged_never_throws(string format)
    {
        byte[] file = Write(format);
        for (int length = 0; length < file.Length; length += 1 + (length / 20))
        {
            DecodeResult cut = ImageDecoder.Decode(file.AsMemory(0, length), DecodeLimits.Local);
            Assert.Equal(cut.Image is null, cut.Reason is not null);
        }
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte)
            .Sample(
                (at, value) =>
                {
                    byte[] broken = (byte[])file.Clone();
                    broken[at] = value;
                    DecodeResult result = ImageDecoder.Decode(broken, DecodeLimits.Local with { MaxPixels = 1_000_000 });
                    Assert.Equal(result.Image is null, result.Reason is not null);
                },
                iter: 300
            );
    }

    [Theory]
    [InlineData(7)]
    [InlineData(6)]
    [InlineData(50001)]
    public void A_picture_of_another_codec_within_a_TIFF_is_left_alone(int compression) =>
        Assert.Equal("unsupported_format/tiff", ImageDecoder.Decode(Tiff(compression: compression), DecodeLimits.Local).Reason);

    [Fact]
    public void A_TIFF_whose_tags_share_bytes_or_whose_rows_are_not_there_takes_no_memory()
    {
        // 2,000 tags of 1 MB each in a file of 1 MB.
        byte[] tags = new byte[1 << 20];
        "II*\0"u8.CopyTo(tags);
        tags[4] = 8;
        BinaryPrimitives.WriteUInt16LittleEndian(tags.AsSpan(8), 2000);
        for (int i = 0; i < 2000; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tags.AsSpan(10 + (12 * i)), (ushort)(40000 + i));
            tags[10 + (12 * i) + 2] = 7;
            BinaryPrimitives.WriteInt32LittleEndian(tags.AsSpan(10 + (12 * i) + 4), 1 << 20);
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal("decode_error", ImageDecoder.Decode(tags, DecodeLimits.Local).Reason);
        Assert.Equal("truncated", ImageDecoder.Decode(Tiff(width: 9999, height: 9999), DecodeLimits.Local).Reason);
        Assert.Equal("truncated", ImageDecoder.Decode("P6 9999 9999 255\n...."u8.ToArray(), DecodeLimits.Local).Reason);
        Assert.Equal("truncated", ImageDecoder.Decode("P1 9999 9999\n1111"u8.ToArray(), DecodeLimits.Local).Reason);
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(Tiff(width: 9999, height: 9999, compression: 5), DecodeLimits.Local).Reason);
        Assert.Equal(
            "truncated",
            ImageDecoder.Decode(Claiming("BM", 54, (14, 40), (18, 9999), (22, 9999), (28, 24)), DecodeLimits.Local).Reason
        );
        Assert.Equal(
            "too_many_pixels",
            ImageDecoder.Decode(Claiming("BM", 54, (14, 40), (18, 9999), (22, 9999), (28, 8), (30, 1)), DecodeLimits.Local).Reason
        );
        byte[] webp = Claiming("RIFF\0\0\0\0WEBPVP8X", 104, (4, 96), (16, 10), (24, 9998), (27, 9998));
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(webp, DecodeLimits.Local).Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    // A header alone: numbers of four bytes at places, the lowest first.
    private static byte[] Claiming(string start, int length, params (int At, int Value)[] numbers)
    {
        byte[] file = new byte[length];
        System.Text.Encoding.Latin1.GetBytes(start).CopyTo(file, 0);
        foreach ((int at, int value) in numbers)
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        return file;
    }

    [Theory]
    // Tags 262 and 259: a fax whose 0 is black, inks, Lab; and a file that does not say what its numbers are.
    [InlineData(4, 1)]
    [InlineData(1, 5)]
    [InlineData(1, 8)]
    [InlineData(1, -1)]
    public void What_the_decoder_would_turn_around_or_take_for_broken_is_left_alone(int compression, int meaning) =>
        Assert.Equal(
            "unsupported_format/tiff",
            ImageDecoder.Decode(Tiff(compression: compression, meaning: meaning), DecodeLimits.Local).Reason
        );

    [Theory]
    [InlineData("P1\n4 2\n1010\n0101", "0 255 0 255 255 0 255 0")]
    [InlineData("P1 4 1 # bits\n1 0 # more\n 1 0", "0 255 0 255")]
    [InlineData("P4 4 2\n\u00a0\u0050", "0 255 0 255 255 0 255 0")]
    [InlineData("P2 3 1 100 0 50 100", "0 128 255")]
    [InlineData("P2 2 1 1000 94 1000", "24 255")]
    [InlineData("P5 3 1 100\n\u0000\u0032\u00c8", "0 128 255")]
    [InlineData("P5 2 1 4095\n\u0000\u0010\u000f\u00ff", "1 255")]
    [InlineData("P5 2 1 65535\n\u0001\u0000\u00ff\u00ff", "1 255")]
    public void Netpbms_values_are_scaled_from_the_largest_to_255(string file, string grey)
    {
        DecodeResult decoded = ImageDecoder.Decode(System.Text.Encoding.Latin1.GetBytes(file), DecodeLimits.Local);
        Assert.Null(decoded.Reason);
        Assert.Equal(grey, string.Join(' ', decoded.Image!.Pixels.Where((_, at) => at % 3 == 1)));
    }

    [Theory]
    [InlineData("P1 4 2 1010 010", "truncated")]
    [InlineData("P1 2 1 12", "decode_error")]
    [InlineData("P2 1 1 100 101", "decode_error")]
    [InlineData("P2 1 1 70000 1", "decode_error")]
    [InlineData("P6 1 1 255 ab", "truncated")]
    public void Netpbm_that_is_broken_is_told(string file, string reason) =>
        Assert.Equal(reason, ImageDecoder.Decode(System.Text.Encoding.Latin1.GetBytes(file), DecodeLimits.Local).Reason);

    [Fact]
    public void A_size_whose_product_overflows_is_refused()
    {
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(Tiff(width: 0xffff9a70, height: 0xffff9688), DecodeLimits.Local).Reason);
        Assert.Equal("too_many_pixels", ImageDecoder.Decode("P6 4294942320 4294940296 255\n...."u8.ToArray(), DecodeLimits.Local).Reason);
    }

    [Fact]
    public void A_file_of_the_usual_five_is_never_given_to_the_further_decoder()
    {
        byte[] png = TestImages.File("png", Picture);
        Assert.Equal("png", ImageDecoder.Decode(png, DecodeLimits.Local).Format);
        Assert.Equal(
            "unsupported_format/heic",
            ImageDecoder.Decode(Encoding.Latin1.GetBytes("\0\0\0\u0018ftypheic\0\0\0\0mif1heic"), DecodeLimits.Local).Reason
        );
        Assert.Equal("unknown_format", ImageDecoder.Decode("a line of text"u8.ToArray(), DecodeLimits.Local).Reason);
    }

    private static byte[] Write(string format) =>
        format switch
        {
            "tiff" => Tiff(),
            "tga" => [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 7, 0, 24, 0x20, .. Swapped(Picture.Pixels)],
            _ => [.. Encoding.ASCII.GetBytes("P6\n13 7\n255\n"), .. Picture.Pixels],
        };

    private static IEnumerable<byte> Swapped(byte[] pixels) => pixels.Chunk(3).SelectMany(pixel => (byte[])[pixel[2], pixel[1], pixel[0]]);

    // Uncompressed RGB in one strip.
    private static byte[] Tiff(int orientation = 1, int compression = 1, uint width = 13, uint height = 7, int meaning = 2)
    {
        (ushort Tag, ushort Type, uint Count, uint Value)[] entries =
        [
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 3, 8 + 2 + (10 * 12) + 4),
            (259, 3, 1, (uint)compression),
            // Without a meaning: a private tag in its place.
            ((ushort)(meaning < 0 ? 261 : 262), 3, 1, (uint)Math.Max(0, meaning)),
            (273, 4, 1, 8 + 2 + (10 * 12) + 4 + 6),
            (274, 3, 1, (uint)orientation),
            (277, 3, 1, 3),
            (278, 4, 1, height),
            (279, 4, 1, (uint)Picture.Pixels.Length),
        ];
        byte[] file = new byte[8 + 2 + (12 * entries.Length) + 4 + 6 + Picture.Pixels.Length];
        "II*\0"u8.CopyTo(file);
        file[4] = 8;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = file.AsSpan(10 + (12 * i), 12);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], entries[i].Type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], entries[i].Count);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], entries[i].Value);
        }
        int bits = 10 + (12 * entries.Length) + 4;
        for (int i = 0; i < 3; i++)
            file[bits + (2 * i)] = 8;
        Picture.Pixels.CopyTo(file, bits + 6);
        return file;
    }
}
