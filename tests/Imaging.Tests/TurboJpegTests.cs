// libjpeg-turbo, where there is one, must not change what anybody sees.

using DataFreeKD.Imaging.Formats;
using SkiaSharp;

namespace DataFreeKD.Imaging.Tests;

public class TurboJpegTests
{
    private const string Absent = "libturbojpeg is not on this machine (Debian: apt-get install libturbojpeg0)";

    public static TheoryData<int, int, int> Sizes =>
        new()
        {
            { 640, 480, 75 },
            { 333, 217, 95 },
            { 17, 9, 30 },
            { 1, 1, 90 },
            { 8, 800, 100 },
        };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Its_pixels_are_Skias(int width, int height, int quality)
    {
        Assert.SkipUnless(TurboJpeg.Available, Absent);
        byte[] file = TestImages.Encode(TestImages.Photo(width, height), SKEncodedImageFormat.Jpeg, quality);
        Assert.Equal(Skia(file, null).Pixels, TurboJpeg.Decode(file, width, height)!.Value.Pixels);
    }

    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 120)]
    [InlineData(4, 240)]
    public void So_are_those_of_a_reduced_copy(int eighths, int leastSide)
    {
        Assert.SkipUnless(TurboJpeg.Available, Absent);
        byte[] file = TestImages.Encode(TestImages.Photo(640, 480), SKEncodedImageFormat.Jpeg);
        (byte[] pixels, int width, int height) = TurboJpeg.Decode(file, 640, 480, eighths)!.Value;
        RgbImage skia = Skia(file, leastSide);
        Assert.Equal((skia.Width, skia.Height), (width, height));
        Assert.Equal(skia.Pixels, pixels);
    }

    [Fact]
    public void Grey_files_too()
    {
        Assert.SkipUnless(TurboJpeg.Available, Absent);
        using SKBitmap grey = new(new SKImageInfo(50, 40, SKColorType.Gray8));
        new Random(1).NextBytes(grey.GetPixelSpan());
        byte[] file = grey.Encode(SKEncodedImageFormat.Jpeg, 90).ToArray();
        Assert.Equal(Skia(file, null).Pixels, TurboJpeg.Decode(file, 50, 40)!.Value.Pixels);
    }

    [Fact]
    public void A_file_that_is_cut_or_lies_is_left_to_Skia()
    {
        Assert.SkipUnless(TurboJpeg.Available, Absent);
        byte[] file = TestImages.Encode(TestImages.Photo(320, 240), SKEncodedImageFormat.Jpeg);
        for (int length = 0; length < file.Length - 2; length += 61)
            Assert.Null(TurboJpeg.Decode(file.AsSpan(0, length), 320, 240));
        Assert.Null(TurboJpeg.Decode(file, 320, 241));
        Assert.Null(TurboJpeg.Decode("no JPEG at all"u8, 1, 1));
        Assert.NotNull(TurboJpeg.Decode(file, 320, 240));
    }

    [Fact]
    public void What_it_encodes_decodes_to_the_pixels_of_what_Skia_encodes()
    {
        Assert.SkipUnless(TurboJpeg.Available, Absent);
        RgbImage image = TestImages.Photo(123, 77);
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> rgbx = bitmap.GetPixelSpan();
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            image.Pixels.AsSpan(i * 3, 3).CopyTo(rgbx[(i * 4)..]);
            rgbx[(i * 4) + 3] = 255;
        }
        byte[] skia = bitmap
            .PeekPixels()!
            .Encode(new SKJpegEncoderOptions(92, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore))!
            .ToArray();
        Assert.Equal(Skia(skia, null).Pixels, Skia(TurboJpeg.Encode(image, 92)!, null).Pixels);
    }

    private static RgbImage Skia(byte[] file, int? leastSide) => SkiaDecoder.Decode(file, ImageHeader.Read(file), leastSide).Image!;
}
