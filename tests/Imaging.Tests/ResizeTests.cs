// The resize: known figures of PIL, and every kernel equal to the plain one.

using CsCheck;
using DataFreeKD.Imaging.Resampling;

namespace DataFreeKD.Imaging.Tests;

public class ResizeTests
{
    private static readonly ResizeKernel[] Kernels =
    [
        ResizeKernel.Portable,
        .. Resampler.Best == ResizeKernel.Avx2 ? [ResizeKernel.Avx2] : (ResizeKernel[])[],
    ];

    [Fact]
    public void Every_kernel_gives_the_bytes_of_the_plain_code()
    {
        Gen<(int, int, int, int, int, int)> sizes = Gen.Select(
            Gen.Int[1, 150],
            Gen.Int[1, 90],
            Gen.Int[1, 130],
            Gen.Int[1, 90],
            Gen.Int[0, 1],
            Gen.Int[0, 1000]
        );
        sizes.Sample(
            (width, height, toWidth, toHeight, filter, seed) =>
            {
                RgbImage image = TestImages.Noise(width, height, seed);
                Random random = new(seed);
                int left = random.Next(toWidth),
                    top = random.Next(toHeight);
                ResizeWindow window = new(
                    toWidth,
                    toHeight,
                    left,
                    top,
                    random.Next(1, toWidth - left + 1),
                    random.Next(1, toHeight - top + 1)
                );
                byte[] plain = PilResize.Crop(image, window, (Interpolation)filter, ResizeKernel.Scalar).Pixels;
                foreach (ResizeKernel kernel in Kernels)
                    Assert.Equal(plain, PilResize.Crop(image, window, (Interpolation)filter, kernel).Pixels);
            },
            iter: 1500
        );
    }

    [Fact]
    public void Black_and_white_extremes_overshoot_alike_in_every_kernel()
    {
        byte[] pixels = new byte[97 * 61 * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(new Random(i / 9).Next(2) * 255);
        RgbImage image = new(97, 61, pixels);
        foreach ((int width, int height) in ((int, int)[])[(300, 200), (13, 7), (97, 5), (5, 61), (1, 1)])
        {
            ResizeWindow window = new(width, height, 0, 0, width, height);
            byte[] plain = PilResize.Crop(image, window, Interpolation.Bicubic, ResizeKernel.Scalar).Pixels;
            foreach (ResizeKernel kernel in Kernels)
                Assert.Equal(plain, PilResize.Crop(image, window, Interpolation.Bicubic, kernel).Pixels);
        }
    }

    [Fact]
    public void A_window_equals_the_crop_of_the_whole()
    {
        RgbImage image = TestImages.Noise(83, 59);
        RgbImage whole = PilResize.Resize(image, 47, 91, Interpolation.Bicubic);
        RgbImage part = PilResize.ResizeAndCrop(image, 47, 91, 11, 20, 30, 50, Interpolation.Bicubic);
        for (int y = 0; y < 50; y++)
        {
            Assert.True(part.Pixels.AsSpan(y * 90, 90).SequenceEqual(whole.Pixels.AsSpan(((y + 20) * 47 + 11) * 3, 90)), $"row {y}");
        }
    }

    [Fact]
    public void A_flat_image_stays_flat_at_any_size() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 60], Gen.Byte)
            .Sample(
                (width, height, toWidth, toHeight, level) =>
                {
                    byte[] pixels = new byte[width * height * 3];
                    pixels.AsSpan().Fill(level);
                    Assert.Equal(
                        -1,
                        PilResize
                            .Resize(new RgbImage(width, height, pixels), toWidth, toHeight, Interpolation.Bicubic)
                            .Pixels.AsSpan()
                            .IndexOfAnyExcept(level)
                    );
                },
                iter: 300
            );

    [Fact]
    public void The_same_size_gives_the_same_pixels()
    {
        RgbImage image = TestImages.Noise(40, 30);
        Assert.Equal(image.Pixels, PilResize.Resize(image, 40, 30, Interpolation.Bicubic).Pixels);
    }

    /// <summary>Figures of PIL 9.4 (<c>Image.resize((3, 1), filter)</c> of seven pixels).</summary>
    [Theory]
    [InlineData(Interpolation.Bicubic, new byte[] { 135, 16, 113, 87, 144, 43, 135, 88, 154 })]
    [InlineData(Interpolation.Bilinear, new byte[] { 137, 19, 111, 85, 141, 50, 137, 85, 152 })]
    public void A_small_row_has_the_values_of_PIL(Interpolation interpolation, byte[] expected)
    {
        byte[] row = [0, 10, 200, 255, 3, 77, 128, 64, 32, 5, 250, 1, 99, 98, 97, 255, 0, 255, 17, 180, 60];
        Assert.Equal(expected, PilResize.Resize(new RgbImage(7, 1, row), 3, 1, interpolation).Pixels);
    }

    [Fact]
    public void A_crop_that_leaves_the_image_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            PilResize.ResizeAndCrop(TestImages.Noise(8, 8), 16, 16, 10, 0, 8, 8, Interpolation.Bilinear)
        );
}
