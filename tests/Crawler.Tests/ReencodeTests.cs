// What an image is stored as: sizes of the modes, formats, and files that are not touched.

using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler.Tests;

public sealed class ReencodeTests
{
    [Theory]
    [InlineData("KeepRatio", 100, 50, 20, false, 40, 20)]
    [InlineData("KeepRatio", 50, 100, 20, false, 20, 40)]
    [InlineData("KeepRatio", 10, 12, 20, false, 20, 24)]
    [InlineData("KeepRatio", 10, 90, 20, true, 10, 90)]
    [InlineData("KeepRatio", 21, 90, 20, true, 20, 86)]
    [InlineData("KeepRatioLargest", 100, 50, 20, false, 20, 10)]
    [InlineData("KeepRatioLargest", 10, 19, 20, true, 10, 19)]
    [InlineData("KeepRatioLargest", 10, 40, 20, true, 5, 20)]
    [InlineData("KeepRatioLargest", 1, 300, 20, false, 1, 20)]
    [InlineData("Crop", 100, 50, 20, false, 20, 20)]
    [InlineData("Crop", 10, 90, 20, true, 10, 90)]
    [InlineData("Crop", 20, 90, 20, false, 20, 20)]
    [InlineData("Border", 100, 50, 20, false, 20, 20)]
    [InlineData("Border", 10, 15, 20, true, 10, 15)]
    [InlineData("No", 100, 50, 20, false, 100, 50)]
    public void A_mode_gives_its_size(
        string mode,
        int width,
        int height,
        int side,
        bool onlyIfBigger,
        int expectedWidth,
        int expectedHeight
    )
    {
        RgbImage image = StoredImages.Photo(width, height);
        StoredBytes stored = Reencode.Apply(
            ImageWriter.EncodePng(image),
            "png",
            image,
            new ReencodeOptions(side, Enum.Parse<ResizeMode>(mode), onlyIfBigger, EncodeFormat.Original, 90, false)
        );

        RgbImage decoded = ImageDecoder.Decode(stored.Bytes).Image!;
        Assert.Equal((expectedWidth, expectedHeight), (decoded.Width, decoded.Height));
        Assert.Equal((expectedWidth, expectedHeight, "png"), (stored.Width, stored.Height, stored.Format));
    }

    [Fact]
    public void A_crop_keeps_the_middle_and_a_border_is_white()
    {
        RgbImage image = StoredImages.Photo(60, 20);
        RgbImage cropped = Stored(image, new ReencodeOptions(20, ResizeMode.Crop, false, EncodeFormat.Png, 90, false));
        Assert.Equal(PilResize.ResizeAndCrop(image, 60, 20, 20, 0, 20, 20, Interpolation.Bicubic).Pixels, cropped.Pixels);

        RgbImage bordered = Stored(image, new ReencodeOptions(60, ResizeMode.Border, false, EncodeFormat.Png, 90, false));
        Assert.All(bordered.Pixels.AsSpan(0, 60 * 20 * 3).ToArray(), level => Assert.Equal(255, level));
        Assert.Equal(image.Pixels, bordered.Pixels.AsSpan(60 * 20 * 3, 60 * 20 * 3).ToArray());
        Assert.All(bordered.Pixels.AsSpan(60 * 40 * 3).ToArray(), level => Assert.Equal(255, level));
    }

    [Theory]
    [InlineData("jpeg", "Original", false, "jpeg")]
    [InlineData("webp", "Original", false, "webp")]
    [InlineData("png", "Original", false, "png")]
    [InlineData("bmp", "Original", false, "bmp")]
    [InlineData("bmp", "Original", true, "png")]
    [InlineData("webp", "Original", true, "webp")]
    [InlineData("bmp", "Jpeg", false, "jpeg")]
    [InlineData("png", "Webp", false, "webp")]
    [InlineData("jpeg", "Png", false, "png")]
    public void The_stored_format_is_the_wanted_one(string from, string wanted, bool resized, string expected)
    {
        byte[] original = Original(from);
        RgbImage image = ImageDecoder.Decode(original).Image!;
        StoredBytes stored = Reencode.Apply(
            original,
            from,
            image,
            new ReencodeOptions(
                resized ? 8 : null,
                resized ? ResizeMode.KeepRatio : ResizeMode.No,
                false,
                Enum.Parse<EncodeFormat>(wanted),
                90,
                false
            )
        );

        DecodeResult decoded = ImageDecoder.Decode(stored.Bytes);
        Assert.Equal((expected, expected), (stored.Format, decoded.Format));
        Assert.Equal((stored.Width, stored.Height), (decoded.Image!.Width, decoded.Image.Height));
    }

    [Fact]
    public void An_image_that_has_the_format_and_size_is_not_encoded_again()
    {
        byte[] original = StoredImages.Jpeg(StoredImages.Photo(40, 30), 6, true);
        RgbImage image = ImageDecoder.Decode(original).Image!;
        ReencodeOptions fits = new(30, ResizeMode.KeepRatio, true, EncodeFormat.Jpeg, 50, false);

        StoredBytes stored = Reencode.Apply(original, "jpeg", image, fits);
        Assert.Equal(ImageMetadata.Strip(original, "jpeg"), stored.Bytes);
        Assert.Equal((30, 40), (stored.Width, stored.Height));
        Assert.Same(original, Reencode.Apply(original, "jpeg", image, fits with { KeepMetadata = true }).Bytes);
    }

    [Fact]
    public void Encoding_turns_the_image_upright_and_leaves_no_orientation()
    {
        byte[] original = StoredImages.Jpeg(StoredImages.Photo(40, 30), 6, true);
        RgbImage upright = ImageDecoder.Decode(original).Image!;
        StoredBytes stored = Reencode.Apply(
            original,
            "jpeg",
            upright,
            ReencodeOptions.Keep with
            {
                Format = EncodeFormat.Png,
                KeepMetadata = true,
            }
        );
        Assert.Equal(upright.Pixels, ImageDecoder.Decode(stored.Bytes).Image!.Pixels);
        Assert.True(stored.Bytes.AsSpan().IndexOf("eXIf"u8) < 0);
    }

    [Fact]
    public void WebP_of_quality_100_keeps_every_pixel_and_lower_qualities_are_smaller()
    {
        RgbImage image = StoredImages.Photo(64, 48);
        Assert.Equal(image.Pixels, Stored(image, ReencodeOptions.Keep with { Format = EncodeFormat.Webp, Quality = 100 }).Pixels);
        Assert.True(ImageWriter.EncodeJpeg(image, 20).Length < ImageWriter.EncodeJpeg(image, 95).Length);
        Assert.True(ImageWriter.EncodeWebP(image, 20, lossless: false).Length < ImageWriter.EncodeWebP(image, 95, lossless: false).Length);
    }

    [Fact]
    public void A_picture_too_wide_for_WebP_is_stored_as_PNG()
    {
        RgbImage image = StoredImages.Photo(16_384, 1);
        StoredBytes stored = Reencode.Apply(
            ImageWriter.EncodePng(image),
            "png",
            image,
            ReencodeOptions.Keep with
            {
                Format = EncodeFormat.Webp,
            }
        );
        Assert.Equal("png", stored.Format);
    }

    [Fact]
    public void Options_that_no_image_can_be_stored_with_are_refused()
    {
        Assert.Throws<CrawlException>(() => (ReencodeOptions.Keep with { Mode = ResizeMode.Crop }).Validate());
        Assert.Throws<CrawlException>(() => (ReencodeOptions.Keep with { Side = 0 }).Validate());
        Assert.Throws<CrawlException>(() => (ReencodeOptions.Keep with { Quality = 101 }).Validate());
        ReencodeOptions.Keep.Validate();
    }

    private static RgbImage Stored(RgbImage image, ReencodeOptions options) =>
        ImageDecoder.Decode(Reencode.Apply(CrawlWorld.Bitmap(1, 1, 0), "bmp", image, options).Bytes).Image!;

    private static byte[] Original(string format)
    {
        RgbImage image = StoredImages.Photo(20, 16);
        return format switch
        {
            "jpeg" => ImageWriter.EncodeJpeg(image, 90),
            "webp" => ImageWriter.EncodeWebP(image, 90, lossless: false),
            "png" => ImageWriter.EncodePng(image),
            _ => CrawlWorld.Bitmap(20, 16, 3),
        };
    }
}
