// Sizes, normalising, hashes and sheets.

using DataFreeKD.Imaging.Sheets;

namespace DataFreeKD.Imaging.Tests;

public class TransformTests
{
    /// <summary>Figures of timm's and torchvision's size arithmetic.</summary>
    [Theory]
    [InlineData(500, 375, 224, 0.875, 341, 256)]
    [InlineData(375, 500, 224, 0.9, 248, 330)]
    [InlineData(333, 500, 224, 0.875, 256, 384)]
    [InlineData(32, 32, 32, 1.0, 32, 32)]
    [InlineData(257, 256, 224, 0.875, 257, 256)]
    [InlineData(40, 900, 224, 0.875, 256, 5760)]
    [InlineData(1001, 307, 160, 0.95, 547, 168)]
    public void The_short_side_is_scaled_and_the_long_side_floored(
        int width,
        int height,
        int size,
        double pct,
        int toWidth,
        int toHeight
    ) => Assert.Equal((toWidth, toHeight), new Preprocessing { ImageSize = size, CropPct = pct }.ResizedSize(width, height));

    /// <summary>A side of 257 leaves 33 pixels beside 224: half of it, 16.5, goes to the even 16, as Python rounds.</summary>
    [Fact]
    public void Half_offsets_go_to_the_even_pixel()
    {
        RgbImage image = TestImages.Noise(257, 256);
        byte[] cropped = new Preprocessing { ImageSize = 224, CropPct = 0.875 }
            .Apply(image)
            .Pixels;
        Assert.True(cropped.AsSpan(0, 224 * 3).SequenceEqual(image.Pixels.AsSpan((16 * 257 + 16) * 3, 224 * 3)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void A_crop_share_out_of_range_is_refused(double pct) =>
        Assert.Throws<InvalidOperationException>(() => new Preprocessing { ImageSize = 8, CropPct = pct }.Apply(TestImages.Noise(8, 8)));

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(37)]
    public void Normalising_equals_the_plain_formula_in_every_bit(int side)
    {
        Preprocessing transform = new() { ImageSize = side };
        RgbImage image = TestImages.Noise(side, side, side);
        float[] actual = new float[side * side * 3];
        transform.Normalise(image, actual);
        for (int c = 0; c < 3; c++)
        {
            for (int i = 0; i < side * side; i++)
                Assert.Equal((image.Pixels[3 * i + c] / 255f - transform.Mean[c]) / transform.Std[c], actual[c * side * side + i]);
        }
    }

    [Fact]
    public void A_destination_of_another_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Preprocessing { ImageSize = 4 }.Normalise(TestImages.Noise(4, 4), new float[47]));

    [Fact]
    public void A_hash_survives_encoding_and_scaling_and_tells_pictures_apart()
    {
        RgbImage photo = TestImages.Photo(320, 240);
        ulong hash = PerceptualHash.Compute(photo);
        ulong encoded = PerceptualHash.Compute(
            ImageDecoder.Decode(TestImages.Encode(photo, SkiaSharp.SKEncodedImageFormat.Jpeg, 60)).Image!
        );
        ulong scaled = PerceptualHash.Compute(PilResize.Resize(photo, 100, 80, Interpolation.Bicubic));
        ulong other = PerceptualHash.Compute(TestImages.Noise(320, 240, 5));
        Assert.InRange(PerceptualHash.Distance(hash, encoded), 0, 6);
        Assert.InRange(PerceptualHash.Distance(hash, scaled), 0, 6);
        Assert.InRange(PerceptualHash.Distance(hash, other), 16, 64);
        Assert.Equal("00000000000000ff", PerceptualHash.Format(255));
    }

    [Fact]
    public void A_sheet_holds_every_thumbnail_under_its_title()
    {
        byte[] red = new byte[10 * 10 * 3];
        for (int i = 0; i < red.Length; i += 3)
            red[i] = 255;
        SheetCell[] cells = [.. Enumerable.Range(0, 5).Select(i => new SheetCell(new RgbImage(10, 10, red), $"image {i}"))];
        RgbImage sheet = new ContactSheet { CellSize = 20, Columns = 3 }.Draw([
            new SheetSection("best", cells),
            new SheetSection("worst", [new SheetCell(null, "broken")]),
        ]);
        int redPixels = Enumerable
            .Range(0, sheet.Width * sheet.Height)
            .Count(i => sheet.Pixels.AsSpan(i * 3, 3).SequenceEqual((ReadOnlySpan<byte>)[255, 0, 0]));
        Assert.Equal(5 * 20 * 20, redPixels);
        Assert.Equal(3 * 26 + 6, sheet.Width);
        Assert.Contains((byte)0, sheet.Pixels.Where(static (_, i) => i % 3 == 0));
    }

    [Theory]
    [InlineData("short", 60, "short")]
    [InlineData("a-very-long-name.jpg", 60, "a-ve...jpg")]
    [InlineData("abcdef", 17, "abc")]
    public void A_caption_is_cut_in_its_middle(string text, int width, string expected) =>
        Assert.Equal(expected, PixelFont.Fit(text, width, 1));
}
