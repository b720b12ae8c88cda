// TIFFs of all layouts that are read, pixel for pixel, and those that are refused by name.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Tests;

public class TiffTests
{
    private const int Width = 24,
        Height = 10;

    private static readonly RgbImage Picture = TestImages.Photo(Width, Height);
    private static readonly byte[] Grey = [.. Enumerable.Range(0, Width * Height).Select(i => Picture.Pixels[3 * i])];

    public static TheoryData<string, bool, string> Layouts =>
        [
            .. from packing in (string[])["plain", "deflate", "lzw", "packbits"]
            from little in (bool[])[true, false]
            from blocks in (string[])["one", "strips", "tiles"]
            select (packing, little, blocks),
        ];

    [Theory, MemberData(nameof(Layouts))]
    public void Every_packing_byte_order_and_block_gives_the_same_pixels(string packing, bool little, string blocks)
    {
        foreach (bool planar in (bool[])[false, true])
        {
            foreach (bool differences in packing is "deflate" or "lzw" ? (bool[])[false, true] : [false])
            {
                foreach (int bits in (int[])[8, 16])
                {
                    TiffBuilder tiff = new(little)
                    {
                        Packing = packing,
                        Blocks = blocks,
                        Planar = planar,
                        Differences = differences,
                        Bits = bits,
                    };
                    Assert.Equal(Picture.Pixels, Pixels(tiff.Write(Picture.Pixels, Width, Height, samples: 3, meaning: 2)));
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    [InlineData(4, 1)]
    [InlineData(8, 0)]
    [InlineData(8, 1)]
    [InlineData(16, 1)]
    public void Grey_of_any_depth_spreads_over_all_levels_and_white_may_be_0(int bits, int meaning)
    {
        byte[] file = new TiffBuilder(true) { Bits = bits }.Write(Grey, Width, Height, samples: 1, meaning);
        int most = (1 << Math.Min(bits, 8)) - 1;
        byte[] levels = [.. Grey.Select(value => (byte)((value >> (8 - Math.Min(bits, 8))) * 255 / most))];
        Assert.Equal(levels.Select(level => meaning == 0 ? (byte)(255 - level) : level), Pixels(file).Where((_, at) => at % 3 == 0));
    }

    [Fact]
    public void Bits_without_their_tag_are_bits() =>
        Assert.Equal(
            Pixels(new TiffBuilder(true) { Bits = 1 }.Write(Grey, Width, Height, 1, 1)),
            Pixels(new TiffBuilder(true) { Bits = 1, Without = 258 }.Write(Grey, Width, Height, 1, 1))
        );

    [Fact]
    public void Bits_whose_lowest_comes_first_are_turned_around() =>
        Assert.Equal(
            Pixels(new TiffBuilder(true) { Bits = 1 }.Write(Grey, Width, Height, 1, 1)),
            Pixels(new TiffBuilder(true) { Bits = 1, Reversed = true }.Write(Grey, Width, Height, 1, 1))
        );

    [Fact]
    public void Tags_far_from_the_beginning_are_found()
    {
        // The place of a tag's values beyond 65,535: two bytes of it are not enough.
        RgbImage large = TestImages.Photo(200, 150);
        Assert.Equal(large.Pixels, Pixels(new TiffBuilder(false).Write(large.Pixels, 200, 150, 3, 2)));
        Assert.Equal(large.Pixels, Pixels(new TiffBuilder(true).Write(large.Pixels, 200, 150, 3, 2)));
    }

    [Fact]
    public void A_table_of_codes_that_is_full_begins_anew()
    {
        RgbImage noise = TestImages.Noise(120, 90);
        Assert.Equal(noise.Pixels, Pixels(new TiffBuilder(true) { Packing = "lzw" }.Write(noise.Pixels, 120, 90, 3, 2)));
    }

    [Fact]
    public void Colours_that_alpha_was_multiplied_into_are_divided_by_it_and_other_alpha_is_dropped()
    {
        byte[] rgba = [50, 100, 20, 128, 9, 8, 7, 0, 200, 100, 50, 255];
        Assert.Equal([99, 199, 39, 0, 0, 0, 200, 100, 50], Pixels(new TiffBuilder(true) { Extra = 1 }.Write(rgba, 3, 1, 4, 2)));
        foreach (int extra in (int[])[-1, 0, 2])
            Assert.Equal([50, 100, 20, 9, 8, 7, 200, 100, 50], Pixels(new TiffBuilder(true) { Extra = extra }.Write(rgba, 3, 1, 4, 2)));
    }

    [Fact]
    public void Grey_with_alpha_and_inks_and_palettes_are_colours()
    {
        Assert.Equal([7, 7, 7, 9, 9, 9], Pixels(new TiffBuilder(true) { Extra = 2 }.Write([7, 255, 9, 3], 2, 1, 2, 1)));
        // As PIL's CMYK: (255 - black) less the ink's share of it.
        Assert.Equal(
            [255, 255, 255, 0, 100, 50, 128, 78, 103],
            Pixels(new TiffBuilder(true).Write([0, 0, 0, 0, 255, 155, 205, 0, 0, 100, 50, 127], 3, 1, 4, 5))
        );
        int[] map = new int[3 * 256];
        (map[5], map[256 + 5], map[512 + 5]) = (200 << 8, 100 << 8, 50 << 8);
        Assert.Equal([0, 0, 0, 200, 100, 50], Pixels(new TiffBuilder(true) { Map = map }.Write([0, 5], 2, 1, 1, 3)));
        Assert.Equal(
            [0, 0, 0, 200, 100, 50],
            Pixels(new TiffBuilder(true) { Map = [.. map.Select(value => value >> 8)] }.Write([0, 5], 2, 1, 1, 3))
        );
    }

    [Theory]
    [InlineData("deflate")]
    [InlineData("lzw")]
    [InlineData("packbits")]
    [InlineData("plain")]
    public void A_strip_that_ends_early_is_truncated(string packing)
    {
        byte[] half = Picture.Pixels[..(3 * Width * Height / 2)];
        byte[] file = new TiffBuilder(true) { Packing = packing }.Write(half, Width, Height / 2, 3, 2, claimed: Height);
        Assert.Equal("truncated", ImageDecoder.Decode(file, DecodeLimits.Local).Reason);
    }

    [Theory]
    [InlineData(339, 3)]
    [InlineData(339, 2)]
    [InlineData(317, 3)]
    [InlineData(259, 7)]
    [InlineData(259, 50000)]
    [InlineData(262, 6)]
    [InlineData(262, 8)]
    public void What_no_tag_gives_a_sure_colour_is_refused_by_name(int tag, int value) =>
        Assert.Equal("unsupported_format/tiff", ImageDecoder.Decode(With("deflate", (tag, value)), DecodeLimits.Local).Reason);

    [Theory]
    [InlineData("plain")]
    [InlineData("lzw")]
    [InlineData("deflate")]
    [InlineData("packbits")]
    public void A_byte_that_is_changed_never_throws(string packing)
    {
        byte[] file = new TiffBuilder(true)
        {
            Packing = packing,
            Blocks = "strips",
            Reversed = true,
        }.Write(Picture.Pixels, Width, Height, 3, 2);
        CsCheck.Check.Sample(
            CsCheck.Gen.Select(CsCheck.Gen.Int[0, file.Length - 1], CsCheck.Gen.Byte),
            change =>
            {
                byte[] broken = (byte[])file.Clone();
                broken[change.Item1] = change.Item2;
                DecodeResult result = ImageDecoder.Decode(broken, DecodeLimits.Local with { MaxPixels = 1_000_000 });
                Assert.Equal(result.Image is null, result.Reason is not null);
            },
            iter: 1000
        );
    }

    [Theory]
    [InlineData(258)]
    [InlineData(339)]
    public void A_tag_whose_values_lie_beyond_the_file_is_no_default(int tag)
    {
        byte[] file = With("deflate", (339, 1));
        Span<byte> entry = Entry(file, tag);
        BinaryPrimitives.WriteInt32LittleEndian(entry[4..], 3);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], file.Length - 1);
        Assert.Equal("decode_error", ImageDecoder.Decode(file, DecodeLimits.Local).Reason);
    }

    [Theory]
    [InlineData("lzw")]
    [InlineData("deflate")]
    [InlineData("packbits")]
    public void Strips_that_share_bytes_are_not_unpacked_again_and_again(string packing)
    {
        byte[] file = new TiffBuilder(true) { Packing = packing, Blocks = "strips" }.Write(Picture.Pixels, Width, Height, 3, 2);
        int count = BinaryPrimitives.ReadInt32LittleEndian(Entry(file, 273)[4..]),
            offsets = BinaryPrimitives.ReadInt32LittleEndian(Entry(file, 273)[8..]),
            lengths = BinaryPrimitives.ReadInt32LittleEndian(Entry(file, 279)[8..]);
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(offsets + (4 * i)), 8);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(lengths + (4 * i)), file.Length - 8);
        }
        Assert.Equal("decode_error", ImageDecoder.Decode(file, DecodeLimits.Local).Reason);
    }

    [Fact]
    public void Samples_that_packing_cannot_make_of_a_few_bytes_are_refused_before_they_are_made_room_for()
    {
        byte[] file = new TiffBuilder(true) { Packing = "deflate", Bits = 16 }.Write(new byte[3], 1, 1, 3, 2);
        BinaryPrimitives.WriteInt32LittleEndian(Entry(file, 256)[8..], 900_000);
        BinaryPrimitives.WriteInt32LittleEndian(Entry(file, 257)[8..], 15);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(file, DecodeLimits.Local).Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_picture_wider_than_encoders_take_is_too_large_and_the_run_goes_on()
    {
        byte[] wide = [.. "P4\n1000001 1\n"u8, .. new byte[125_001]];
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(wide, DecodeLimits.Local).Reason);
    }

    [Fact]
    public void A_cameras_file_is_raw_and_not_its_thumbnail()
    {
        Assert.Equal("unsupported_format/raw", ImageDecoder.Decode(With("plain", (254, 1), (330, 8)), DecodeLimits.Local).Reason);
        Assert.Equal("unsupported_format/raw", ImageDecoder.Decode(With("plain", (50706, 1)), DecodeLimits.Local).Reason);
        Assert.Null(ImageDecoder.Decode(With("plain", (330, 8)), DecodeLimits.Local).Reason);
    }

    private static Span<byte> Entry(byte[] file, int tag)
    {
        int directory = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4));
        for (int at = directory + 2; ; at += 12)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at)) == tag)
                return file.AsSpan(at, 12);
        }
    }

    private static byte[] With(string packing, params (int Tag, int Value)[] tags) =>
        new TiffBuilder(true) { Packing = packing, More = tags }.Write(Picture.Pixels, Width, Height, 3, 2);

    private static byte[] Pixels(byte[] file)
    {
        DecodeResult result = ImageDecoder.Decode(file, DecodeLimits.Local);
        Assert.Equal(("tiff", null), (result.Format, result.Reason));
        return result.Image!.Pixels;
    }
}
