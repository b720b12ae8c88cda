// A glance must judge a file as decoding does, for a fraction of the pixels.

using SkiaSharp;

namespace DataFreeKD.Imaging.Tests;

public class GlanceTests
{
    [Theory]
    [InlineData(640, 480, 80, 60, 60)]
    [InlineData(640, 480, 160, 120, 64)]
    [InlineData(300, 130, 150, 65, 64)]
    [InlineData(100, 90, 100, 90, 64)]
    public void A_jpeg_is_reduced_to_the_smallest_size_that_is_long_enough(
        int width,
        int height,
        int copyWidth,
        int copyHeight,
        int leastSide
    )
    {
        GlanceResult seen = ImageDecoder.Glance(TestImages.Encode(TestImages.Photo(width, height), SKEncodedImageFormat.Jpeg), leastSide);
        Assert.Equal((width, height, "jpeg", null), (seen.Width, seen.Height, seen.Format, seen.Reason));
        Assert.Equal((copyWidth, copyHeight), (seen.Copy!.Width, seen.Copy.Height));
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Other_formats_come_whole(SKEncodedImageFormat format)
    {
        byte[] file = TestImages.Encode(TestImages.Photo(300, 200), format);
        Assert.Equal(ImageDecoder.Decode(file).Image!.Pixels, ImageDecoder.Glance(file, 64).Copy!.Pixels);
    }

    [Fact]
    public void A_file_cut_anywhere_is_judged_as_decoding_judges_it()
    {
        byte[] file = TestImages.Encode(TestImages.Photo(320, 240), SKEncodedImageFormat.Jpeg);
        for (int length = 0; length < file.Length; length += 97)
            Assert.Equal(ImageDecoder.Decode(file.AsMemory(0, length)).Reason, ImageDecoder.Glance(file.AsMemory(0, length), 64).Reason);
    }

    [Fact]
    public void The_size_is_that_of_the_upright_image()
    {
        byte[] file = TestImages.Encode(TestImages.Photo(400, 300), SKEncodedImageFormat.Jpeg);
        byte[] exif =
        [
            0xff,
            0xe1,
            0,
            34,
            .. "Exif\0\0"u8,
            .. "MM\0*"u8,
            0,
            0,
            0,
            8,
            0,
            1,
            0x01,
            0x12,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            6,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        byte[] turned = [.. file[..2], .. exif, .. file[2..]];
        GlanceResult seen = ImageDecoder.Glance(turned, 64);
        Assert.Equal((300, 400), (seen.Width, seen.Height));
        Assert.Equal((75, 100), (seen.Copy!.Width, seen.Copy.Height));
    }

    [Fact]
    public void The_hash_of_a_reduced_copy_is_close_to_that_of_the_image()
    {
        byte[] file = TestImages.Encode(TestImages.Photo(512, 384), SKEncodedImageFormat.Jpeg);
        Assert.InRange(
            PerceptualHash.Distance(
                PerceptualHash.Compute(ImageDecoder.Decode(file).Image!),
                PerceptualHash.Compute(ImageDecoder.Glance(file, PerceptualHash.LeastSide).Copy!)
            ),
            0,
            4
        );
    }
}
