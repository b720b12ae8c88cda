// The index finds what comparing all pairs finds.

using System.Numerics;
using CsCheck;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler.Tests;

public sealed class NearDuplicateTests
{
    // Neighbours of few centres, at distances around every radius.
    private static readonly Gen<ulong[]> Hashes = Gen.ULong.Array[1, 6].SelectMany(centres =>
        Gen.Select(Gen.Int[0, centres.Length - 1], Gen.Int[0, 63].Array[0, 11]).Select(at => at.Item2.Aggregate(centres[at.Item1], (hash, bit) => hash ^ 1UL << bit)).Array[1, 120]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void The_index_answers_as_comparing_all_pairs_does(int radius) => Hashes.Sample(hashes =>
    {
        var index = new NearDuplicateIndex(radius);
        List<(ulong Hash, long Id)> added = [];
        for (int i = 0; i < hashes.Length; i++)
        {
            // Ids fall: the earliest is the first one added, not the least.
            long id = 1000 - i;
            int at = added.FindIndex(item => BitOperations.PopCount(item.Hash ^ hashes[i]) <= radius);
            if (index.FindOrAdd(hashes[i], id) != (at < 0 ? null : added[at].Id)) return false;
            if (at < 0) added.Add((hashes[i], id));
        }
        return index.Count == added.Count;
    }, iter: 60);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Growth_loses_nothing(int radius)
    {
        Random random = new(5);
        var index = new NearDuplicateIndex(radius);
        ulong[] hashes = [.. Enumerable.Range(0, 30_000).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
        for (int i = 0; i < hashes.Length; i++) Assert.Null(index.FindOrAdd(hashes[i], i));
        for (int i = 0; i < hashes.Length; i++)
        {
            ulong flips = 0;
            while (BitOperations.PopCount(flips) < radius) flips |= 1UL << random.Next(64);
            Assert.Equal(i, index.FindOrAdd(hashes[i] ^ flips, -1));
        }
    }

    [Fact]
    public void Colours_tell_apart_what_the_hash_cannot()
    {
        RgbImage red = Plain(200, 20, 20), almostRed = Plain(202, 20, 21), blue = Plain(20, 20, 200);
        Assert.Equal(PerceptualHash.Compute(red), PerceptualHash.Compute(blue));

        var index = new NearDuplicateIndex(colourTolerance: NearDuplicateIndex.DefaultColourTolerance);
        long? Find(RgbImage image, long id) => index.FindOrAdd(PerceptualHash.Compute(image), ColourSketch.Of(image), id);
        Assert.Null(Find(red, 1));
        Assert.Null(Find(blue, 2));
        Assert.Equal(1, Find(almostRed, 3));
        Assert.Equal(2, Find(blue, 4));
        Assert.Throws<InvalidOperationException>(() => index.FindOrAdd(0, 5));
    }

    [Fact]
    public void A_re_encoded_and_a_smaller_copy_are_near_duplicates_and_another_picture_is_not()
    {
        var index = new NearDuplicateIndex(colourTolerance: NearDuplicateIndex.DefaultColourTolerance);
        long? Find(RgbImage image, long id) => index.FindOrAdd(PerceptualHash.Compute(image), ColourSketch.Of(image), id);
        RgbImage image = StoredImages.Scene(160, 120, 1);
        Assert.Null(Find(image, 1));
        Assert.Equal(1, Find(ImageDecoder.Decode(ImageWriter.EncodeJpeg(image, 60)).Image!, 2));
        Assert.Equal(1, Find(PilResize.Resize(image, 80, 60, Interpolation.Bicubic), 3));
        Assert.Null(Find(StoredImages.Scene(160, 120, 2), 4));
    }

    [Fact]
    public void A_sketch_survives_its_text()
    {
        ColourSketch sketch = ColourSketch.Of(StoredImages.Photo(30, 20));
        Assert.Matches("^[0-9a-f]{24}$", sketch.Format());
        Assert.True(ColourSketch.TryParse(sketch.Format(), out ColourSketch read));
        Assert.Equal(0, ColourSketch.SquaredDistance(sketch, read));
        Assert.False(ColourSketch.TryParse("12", out _));
        Assert.False(ColourSketch.TryParse(new string('x', 24), out _));
        Assert.False(ColourSketch.TryParse(null, out _));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(9)]
    public void A_radius_that_cannot_be_searched_is_refused(int radius) => Assert.Throws<ArgumentOutOfRangeException>(() => new NearDuplicateIndex(radius));

    private static RgbImage Plain(byte red, byte green, byte blue) => new(32, 32, [.. Enumerable.Repeat<byte[]>([red, green, blue], 32 * 32).SelectMany(pixel => pixel)]);
}
