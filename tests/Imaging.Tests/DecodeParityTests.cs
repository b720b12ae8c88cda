// What PIL 9.4 gives for pixels that decoders disagree on: transparency, 16 bits, orientation.

namespace DataFreeKD.Imaging.Tests;

public class DecodeParityTests
{
    [Fact]
    public void A_transparent_png_pixel_keeps_its_colour()
    {
        byte[] file = TestImages.Png(2, 1, 8, 6, [10, 20, 30, 0, 200, 100, 50, 7]);
        Assert.Equal((byte[])[10, 20, 30, 200, 100, 50], ImageDecoder.Decode(file).Image!.Pixels);
    }

    [Fact]
    public void A_transparent_gif_pixel_keeps_its_palette_colour()
    {
        RgbImage image = TestImages.Photo(40, 30);
        byte[] plain = ImageDecoder.Decode(TestImages.Gif(image)).Image!.Pixels;
        int mostUsed = image.Pixels[0] >> 5 << 5 | image.Pixels[1] >> 5 << 2 | image.Pixels[2] >> 6;
        Assert.Equal(plain, ImageDecoder.Decode(TestImages.Gif(image, mostUsed)).Image!.Pixels);
    }

    [Fact]
    public void A_gif_has_the_colours_of_its_palette()
    {
        RgbImage image = TestImages.Noise(50, 41);
        byte[] pixels = ImageDecoder.Decode(TestImages.Gif(image)).Image!.Pixels;
        for (int i = 0; i < pixels.Length; i++)
            Assert.Equal(i % 3 == 2 ? (image.Pixels[i] >> 6) * 85 : (image.Pixels[i] >> 5) * 36, pixels[i]);
    }

    [Fact]
    public void Sixteen_bit_colour_keeps_the_high_byte() =>
        Assert.Equal(
            (byte[])[0x12, 0xab, 0x00],
            ImageDecoder.Decode(TestImages.Png(1, 1, 16, 2, [0x12, 0xff, 0xab, 0x00, 0x00, 0xff])).Image!.Pixels
        );

    [Fact]
    public void Sixteen_bit_grey_is_clipped() =>
        Assert.Equal(
            (byte[])[9, 9, 9, 255, 255, 255, 255, 255, 255],
            ImageDecoder.Decode(TestImages.Png(3, 1, 16, 0, [0, 9, 1, 0, 0xff, 0xff])).Image!.Pixels
        );

    [Fact]
    public void A_palette_png_with_transparency_gives_the_palette_colours()
    {
        byte[] file = TestImages.Png(2, 1, 8, 3, [1, 0], ("PLTE", [1, 2, 3, 4, 5, 6]), ("tRNS", [0, 0]));
        Assert.Equal((byte[])[4, 5, 6, 1, 2, 3], ImageDecoder.Decode(file).Image!.Pixels);
    }

    /// <summary>A 3×2 image whose pixels are numbered in storage order; rows of the upright image from the EXIF specification.</summary>
    [Theory]
    [InlineData(1, 3, new byte[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(2, 3, new byte[] { 2, 1, 0, 5, 4, 3 })]
    [InlineData(3, 3, new byte[] { 5, 4, 3, 2, 1, 0 })]
    [InlineData(4, 3, new byte[] { 3, 4, 5, 0, 1, 2 })]
    [InlineData(5, 2, new byte[] { 0, 3, 1, 4, 2, 5 })]
    [InlineData(6, 2, new byte[] { 3, 0, 4, 1, 5, 2 })]
    [InlineData(7, 2, new byte[] { 5, 2, 4, 1, 3, 0 })]
    [InlineData(8, 2, new byte[] { 2, 5, 1, 4, 0, 3 })]
    public void Orientation_turns_the_image_upright(int orientation, int width, byte[] expected)
    {
        byte[] exif = [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        byte[] rows = [.. Enumerable.Range(0, 6).SelectMany(static i => (byte[])[(byte)i, (byte)i, (byte)i])];
        RgbImage image = ImageDecoder.Decode(TestImages.Png(3, 2, 8, 2, rows, ("eXIf", exif))).Image!;
        Assert.Equal(width, image.Width);
        Assert.Equal(expected, image.Pixels.Where(static (_, i) => i % 3 == 0));
    }

    [Fact]
    public void What_is_written_as_png_is_read_back()
    {
        RgbImage image = TestImages.Noise(33, 21);
        Assert.Equal(image.Pixels, ImageDecoder.Decode(ImageWriter.EncodePng(image)).Image!.Pixels);
    }

    [Fact]
    public void Many_threads_decode_alike()
    {
        byte[][] files =
        [
            .. ((string[])["jpeg", "png", "webp", "gif", "bmp"]).Select(static format => TestImages.File(format, TestImages.Photo(90, 70))),
        ];
        byte[][] expected = [.. files.Select(static file => ImageDecoder.Decode(file).Image!.Pixels)];
        Parallel.For(0, 200, i => Assert.Equal(expected[i % 5], ImageDecoder.Decode(files[i % 5]).Image!.Pixels));
    }
}
