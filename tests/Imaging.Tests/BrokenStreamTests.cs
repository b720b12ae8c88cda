// Files whose picture is cut or disturbed, and which a decoder alone would fill up in silence: refused as PIL refuses them, and none that
// PIL takes.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Tests;

public sealed class BrokenStreamTests
{
    private static readonly byte[] Baseline = TestImages.File("jpeg", TestImages.Photo(96, 72));

    // After the segment of the scan, where the picture's data begin.
    private static int Data => Baseline.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xda]) + 14;

    public static TheoryData<byte> Disturbing => [0x02, 0xbf, 0xc0, 0xc2, 0xc3, 0xc8, 0xd8, 0xda, 0xdd, 0xde, 0xf0, 0xfd];

    public static TheoryData<byte> Harmless => [0x01, 0xd0, 0xd3, 0xd7, 0xd9];

    [Theory, MemberData(nameof(Disturbing))]
    public void A_marker_within_the_picture_that_ends_libjpeg_is_an_error(byte marker) =>
        Assert.Equal("decode_error", ImageDecoder.Decode(With(marker)).Reason);

    [Theory, MemberData(nameof(Harmless))]
    public void A_marker_that_PIL_passes_over_is_none(byte marker) => Assert.Null(ImageDecoder.Decode(With(marker)).Reason);

    [Theory]
    [InlineData(new byte[] { 0xc4, 0, 2 })]
    [InlineData(new byte[] { 0xdb, 0, 2 })]
    [InlineData(new byte[] { 0xcc, 0, 4, 0, 0x10 })]
    [InlineData(new byte[] { 0xdd, 0, 4, 0, 0 })]
    [InlineData(new byte[] { 0xfe, 0, 4, 65, 66 })]
    [InlineData(new byte[] { 0xe1, 0, 4, 65, 66 })]
    public void A_segment_behind_the_picture_that_can_be_read_is_no_error(byte[] segment) =>
        Assert.Null(ImageDecoder.Decode(Behind(segment)).Reason);

    [Theory]
    [InlineData(new byte[] { 0xc4, 0, 3, 0 })]
    [InlineData(new byte[] { 0xc4, 0, 20, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 })]
    [InlineData(new byte[] { 0xdb, 0, 3, 4 })]
    [InlineData(new byte[] { 0xcc, 0, 4, 32, 0 })]
    [InlineData(new byte[] { 0xcc, 0, 4, 0, 0x01 })]
    [InlineData(new byte[] { 0xdd, 0, 5, 0, 0, 0 })]
    public void One_that_cannot_is(byte[] segment) => Assert.Equal("decode_error", ImageDecoder.Decode(Behind(segment)).Reason);

    [Fact]
    public void Bytes_behind_the_end_are_no_part_of_a_jpeg() =>
        Assert.Null(ImageDecoder.Decode((byte[])[.. Baseline, 0xff, 0x02, 0xff, 0xda, 1, 2, 3]).Reason);

    [Fact]
    public void A_progressive_file_without_its_end_is_truncated()
    {
        byte[] file = Progressive();
        Assert.Null(ImageDecoder.Decode(file).Reason);
        Assert.Equal("truncated", ImageDecoder.Decode(file.AsMemory(..^2)).Reason);
        Assert.Equal("truncated", ImageDecoder.Decode((byte[])[.. file[..^2], 0, 0, 0]).Reason);
    }

    [Fact]
    public void A_webp_shorter_than_it_says_is_truncated()
    {
        byte[] file = TestImages.File("webp", TestImages.Photo(40, 30));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8 + 2);
        Assert.Equal("truncated", ImageDecoder.Decode(file).Reason);
    }

    [Fact]
    public void A_gif_cut_within_its_last_block_is_truncated_and_one_without_trailer_is_not()
    {
        byte[] file = TestImages.File("gif", TestImages.Photo(40, 30));
        Assert.Equal([0, 0x3b], file[^2..]);
        Assert.Null(ImageDecoder.Decode(file.AsMemory(..^2)).Reason);
        Assert.Equal("truncated", ImageDecoder.Decode(file.AsMemory(..^3)).Reason);
    }

    [Fact]
    public void A_16_bit_png_whose_header_contradicts_its_checksum_is_broken()
    {
        byte[] file = TestImages.Png(1, 1, 16, 0, [0, 0, 200]);
        Assert.Null(ImageDecoder.Decode(file).Reason);
        file[30] ^= 1;
        Assert.Equal("decode_error", ImageDecoder.Decode(file).Reason);
    }

    // In the middle of the data; of the two bytes that it takes the place of, neither may be half of another marker.
    private static byte[] With(byte marker)
    {
        byte[] file = [.. Baseline];
        int at = (Data + file.Length) / 2;
        while (file[at - 1] == 0xff || file[at] == 0xff || file[at + 1] == 0xff)
            at++;
        (file[at], file[at + 1]) = (0xff, marker);
        return file;
    }

    private static byte[] Behind(byte[] segment) => [.. Baseline[..^2], 0xff, .. segment, 0xff, 0xd9];

    // 8 × 8 grey in one scan of the first coefficient, which is 0: the code of length 1, filled up with ones.
    private static byte[] Progressive()
    {
        byte[] steps = new byte[65];
        steps.AsSpan(1).Fill(1);
        return
        [
            0xff,
            0xd8,
            0xff,
            0xdb,
            0,
            67,
            .. steps,
            0xff,
            0xc2,
            0,
            11,
            8,
            0,
            8,
            0,
            8,
            1,
            1,
            0x11,
            0,
            0xff,
            0xc4,
            0,
            20,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0xff,
            0xda,
            0,
            8,
            1,
            1,
            0,
            0,
            0,
            0,
            0x7f,
            0xff,
            0xd9,
        ];
    }
}
