// Augmentations: replayable, and each does what it says.

using System.Security.Cryptography;
using CsCheck;

namespace DataFreeKD.Imaging.Tests;

public class AugmentationTests
{
    private static readonly Augmentation Everything = new()
    {
        ImageSize = 24,
        Scale = (0.3, 1),
        ColorJitter = 0.4,
        EraseProbability = 0.5,
    };

    private static byte[] Apply(Augmentation augmentation, RgbImage image, ulong seed)
    {
        byte[] result = new byte[augmentation.ImageSize * augmentation.ImageSize * 3];
        augmentation.Apply(image.Pixels, image.Width, seed, result);
        return result;
    }

    [Fact]
    public void Equal_seeds_give_equal_bytes_and_others_do_not()
    {
        RgbImage image = TestImages.Photo(32, 32);
        Gen.ULong.Sample(seed => Assert.Equal(Apply(Everything, image, seed), Apply(Everything, image, seed)), iter: 100);
        Assert.Equal(
            50,
            Enumerable
                .Range(0, 50)
                .Select(seed => Convert.ToHexString(SHA256.HashData(Apply(Everything, image, (ulong)seed))))
                .Distinct()
                .Count()
        );
    }

    /// <summary>The first draws of xoshiro256** for the state that SplitMix64 makes of seed 0 (computed by an independent program from the
    /// published algorithms).</summary>
    [Fact]
    public void The_generator_is_the_published_one()
    {
        SeededRandom random = new(0);
        ulong[] expected = [0x99EC5F36CB75F2B4, 0xBF6E1F784956452A, 0x1A5F849D4933E6E0, 0x6AA594F1262D2D2C];
        Assert.Equal(expected, expected.Select(_ => random.NextBits()).ToArray());
    }

    [Fact]
    public void Without_options_the_image_is_itself() =>
        Assert.Equal(
            TestImages.Noise(16, 16).Pixels,
            Apply(new Augmentation { ImageSize = 16, FlipProbability = 0 }, TestImages.Noise(16, 16), 3)
        );

    [Fact]
    public void A_certain_flip_mirrors_each_row()
    {
        RgbImage image = TestImages.Noise(7, 7);
        byte[] flipped = Apply(new Augmentation { ImageSize = 7, FlipProbability = 1 }, image, 1);
        for (int i = 0; i < 49; i++)
            Assert.True(flipped.AsSpan(i * 3, 3).SequenceEqual(image.Pixels.AsSpan((i / 7 * 7 + 6 - i % 7) * 3, 3)), $"pixel {i}");
    }

    [Fact]
    public void A_padded_crop_is_one_of_the_shifts_of_the_reflected_image()
    {
        RgbImage image = TestImages.Noise(8, 8);
        Augmentation augmentation = new()
        {
            ImageSize = 8,
            FlipProbability = 0,
            PadCrop = 3,
        };
        HashSet<(int, int)> shifts = new();
        for (ulong seed = 0; seed < 400; seed++)
        {
            byte[] actual = Apply(augmentation, image, seed);
            shifts.Add(
                Assert.Single(
                    from left in Enumerable.Range(-3, 7)
                    from top in Enumerable.Range(-3, 7)
                    where actual.AsSpan().SequenceEqual(Shifted(image, left, top))
                    select (left, top)
                )
            );
        }
        Assert.Equal(49, shifts.Count);
    }

    private static byte[] Shifted(RgbImage image, int left, int top)
    {
        int Mirror(int at) =>
            at < 0 ? -at
            : at > 7 ? 14 - at
            : at;
        return [.. Enumerable.Range(0, 192).Select(i => image.Pixels[(Mirror(top + i / 24) * 8 + Mirror(left + i / 3 % 8)) * 3 + i % 3])];
    }

    [Fact]
    public void Jitter_leaves_grey_pixels_grey_and_erasing_leaves_most_of_the_image()
    {
        byte[] grey = new byte[32 * 32 * 3];
        for (int i = 0; i < grey.Length; i++)
            grey[i] = (byte)(i / 3 % 200);
        byte[] jittered = Apply(
            new Augmentation
            {
                ImageSize = 32,
                FlipProbability = 0,
                ColorJitter = 0.5,
            },
            new RgbImage(32, 32, grey),
            5
        );
        Assert.NotEqual(grey, jittered);
        for (int i = 0; i < jittered.Length; i += 3)
            Assert.True(jittered[i] == jittered[i + 1] && jittered[i] == jittered[i + 2]);

        byte[] erased = Apply(
            new Augmentation
            {
                ImageSize = 32,
                FlipProbability = 0,
                EraseProbability = 1,
            },
            new RgbImage(32, 32, grey),
            5
        );
        Assert.InRange(erased.Zip(grey, static (a, b) => a == b).Count(static same => same) / (double)grey.Length, 0.6, 0.99);
    }

    [Fact]
    public void A_flat_image_stays_flat_through_crops_and_flips()
    {
        byte[] flat = new byte[32 * 32 * 3];
        flat.AsSpan().Fill(77);
        Gen.ULong.Sample(
            seed =>
                Assert.Equal(
                    -1,
                    Apply(new Augmentation { ImageSize = 20, Scale = (0.1, 1) }, new RgbImage(32, 32, flat), seed)
                        .AsSpan()
                        .IndexOfAnyExcept((byte)77)
                ),
            iter: 200
        );
    }

    [Fact]
    public void Wrong_sizes_and_options_are_refused()
    {
        RgbImage image = TestImages.Noise(8, 8);
        Assert.ThrowsAny<ArgumentException>(() => Apply(new Augmentation { ImageSize = 9 }, image, 0));
        Assert.ThrowsAny<ArgumentException>(() => Apply(new Augmentation { ImageSize = 8, PadCrop = 8 }, image, 0));
        Assert.ThrowsAny<ArgumentException>(() => Apply(new Augmentation { ImageSize = 8, Scale = (0.9, 0.2) }, image, 0));
        Assert.ThrowsAny<ArgumentException>(() => new Augmentation { ImageSize = 8 }.Apply(image.Pixels, 8, 0, new byte[10]));
    }
}
