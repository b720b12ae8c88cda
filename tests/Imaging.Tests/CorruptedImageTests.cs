// What each corruption keeps of an image, and what it takes away.

using DataFreeKD.Imaging.Corruptions;

namespace DataFreeKD.Imaging.Tests;

public sealed class CorruptedImageTests
{
    public static TheoryData<string> Kinds => [.. Enum.GetNames<Corruption>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_copy_has_the_size_of_its_image_and_repeats_with_the_seed(string name)
    {
        Corruption kind = Enum.Parse<Corruption>(name);
        foreach ((int width, int height) in (ReadOnlySpan<(int, int)>)[(32, 32), (33, 17), (1, 1), (2, 90)])
        {
            RgbImage image = Photograph(width, height);
            byte[] before = [.. image.Pixels];
            RgbImage copy = CorruptedImage.Of(image, kind, 5);
            Assert.Equal((width, height), (copy.Width, copy.Height));
            Assert.Equal(copy.Pixels, CorruptedImage.Of(image, kind, 5).Pixels);
            Assert.Equal(before, image.Pixels);
        }
        Assert.NotEqual(Photograph(32, 32).Pixels, CorruptedImage.Of(Photograph(32, 32), kind, 5).Pixels);
    }

    [Theory]
    [InlineData(nameof(Corruption.Shuffled))]
    [InlineData(nameof(Corruption.Scrambled))]
    public void Moving_pixels_about_keeps_every_one_of_them(string name)
    {
        Corruption kind = Enum.Parse<Corruption>(name);
        RgbImage image = Photograph(32, 32);
        Assert.Equal(Colours(image).SelectMany(colour => colour), Colours(CorruptedImage.Of(image, kind, 3)).SelectMany(colour => colour));
    }

    [Fact]
    public void Shuffling_moves_whole_cells()
    {
        RgbImage image = Photograph(32, 32),
            copy = CorruptedImage.Of(image, Corruption.Shuffled, 3);
        HashSet<string> cells = [.. Cells(image)];
        Assert.All(Cells(copy), cell => Assert.Contains(cell, cells));
    }

    [Fact]
    public void Tiling_repeats_one_cell()
    {
        Assert.Single(Cells(CorruptedImage.Of(Photograph(32, 32), Corruption.Tiled, 3)).Distinct());
    }

    [Fact]
    public void One_colour_is_the_mean_and_fading_keeps_it()
    {
        RgbImage image = Photograph(32, 32);
        double[] mean = [.. Enumerable.Range(0, 3).Select(channel => Colours(image).Average(colour => colour[channel]))];
        byte[] solid = Assert.Single(Colours(CorruptedImage.Of(image, Corruption.Solid, 0)).DistinctBy(Convert.ToHexString));
        RgbImage faded = CorruptedImage.Of(image, Corruption.Faded, 0);
        for (int channel = 0; channel < 3; channel++)
        {
            Assert.InRange(solid[channel] - mean[channel], -1, 1);
            Assert.InRange(Colours(faded).Average(colour => colour[channel]) - mean[channel], -1.5, 1.5);
            Assert.True(Spread(faded, channel) < 0.15 * Spread(image, channel));
        }
    }

    [Fact]
    public void Blurring_takes_the_difference_between_neighbours_and_keeps_the_layout()
    {
        RgbImage image = Photograph(32, 32),
            blurred = CorruptedImage.Of(image, Corruption.Blurred, 1);
        Assert.True(Roughness(blurred) < 0.6 * Roughness(image));
        Assert.Equal(Colours(image).Average(colour => colour[0]), Colours(blurred).Average(colour => colour[0]), 4.0);
    }

    [Fact]
    public void A_checkerboard_has_two_colours_and_noise_has_all()
    {
        RgbImage image = Photograph(32, 32);
        Assert.InRange(Colours(CorruptedImage.Of(image, Corruption.Checker, 4)).DistinctBy(Convert.ToHexString).Count(), 1, 2);
        Assert.True(CorruptedImage.Of(image, Corruption.Noise, 4).Pixels.Distinct().Count() > 240);
        Assert.True(Roughness(CorruptedImage.Of(image, Corruption.Noisy, 4)) > Roughness(image));
    }

    // Soft shapes and some grain, as photographs have.
    private static RgbImage Photograph(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int at = 0; at < pixels.Length; at++)
        {
            int x = at / 3 % width,
                y = at / 3 / width,
                channel = at % 3;
            pixels[at] = (byte)(
                128 + (60 * Math.Sin((x * 0.35) + channel)) + (40 * Math.Cos(y * 0.3)) + ((x * 7 + y * 13 + channel * 5) % 19)
            );
        }
        return new RgbImage(width, height, pixels);
    }

    // In an order of their own, so that two images of the same pixels are equal.
    private static byte[][] Colours(RgbImage image) => [.. image.Pixels.Chunk(3).OrderBy(Convert.ToHexString, StringComparer.Ordinal)];

    private static IEnumerable<string> Cells(RgbImage image)
    {
        for (int cell = 0; cell < 16; cell++)
        {
            List<byte> pixels = [];
            for (int row = 0; row < 8; row++)
                pixels.AddRange(image.Pixels.AsSpan(((((cell / 4 * 8) + row) * 32) + (cell % 4 * 8)) * 3, 24));
            yield return Convert.ToHexString(pixels.ToArray());
        }
    }

    private static double Spread(RgbImage image, int channel)
    {
        double[] levels = [.. Colours(image).Select(colour => (double)colour[channel])];
        double mean = levels.Average();
        return Math.Sqrt(levels.Average(level => (level - mean) * (level - mean)));
    }

    private static double Roughness(RgbImage image) =>
        Enumerable.Range(0, image.Pixels.Length - 3).Average(at => Math.Abs(image.Pixels[at] - image.Pixels[at + 3]));
}
