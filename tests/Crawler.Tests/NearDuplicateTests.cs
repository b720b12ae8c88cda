// Hashes and colours of images tell copies from others.

using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Crawler.Tests;

public sealed class NearDuplicateTests
{
    [Fact]
    public void Colours_tell_apart_what_the_hash_cannot()
    {
        RgbImage red = Plain(200, 20, 20),
            almostRed = Plain(202, 20, 21),
            blue = Plain(20, 20, 200);
        Assert.Equal(PerceptualHash.Compute(red), PerceptualHash.Compute(blue));

        NearDuplicateIndex index = new(colourTolerance: NearDuplicateIndex.DefaultColourTolerance);
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
        NearDuplicateIndex index = new(colourTolerance: NearDuplicateIndex.DefaultColourTolerance);
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

    private static RgbImage Plain(byte red, byte green, byte blue) =>
        new(32, 32, [.. Enumerable.Repeat<byte[]>([red, green, blue], 32 * 32).SelectMany(pixel => pixel)]);
}
