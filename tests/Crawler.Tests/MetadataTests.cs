// Files lose what they tell beside their pixels, and nothing else.

using System.Text;
using CsCheck;
using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler.Tests;

public sealed class MetadataTests
{
    public static TheoryData<string, int, bool> Files
    {
        get
        {
            TheoryData<string, int, bool> data = new();
            foreach (string format in (string[])["jpeg", "png", "webp"])
            {
                for (int orientation = 0; orientation <= 8; orientation++)
                {
                    data.Add(format, orientation, true);
                    data.Add(format, orientation, false);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_stripped_file_tells_nothing_and_shows_the_same_upright_pixels(string format, int orientation, bool little)
    {
        byte[] file = StoredImages.File(format, StoredImages.Photo(40, 24), orientation, little);
        byte[] stripped = ImageMetadata.Strip(file, format);

        Assert.True(Holds(file, StoredImages.Secret));
        Assert.False(Holds(stripped, StoredImages.Secret));
        Assert.False(Holds(stripped, "ns.adobe.com"));
        RgbImage before = ImageDecoder.Decode(file).Image!,
            after = ImageDecoder.Decode(stripped).Image!;
        Assert.Equal(orientation >= 5 ? (24, 40) : (40, 24), (after.Width, after.Height));
        Assert.Equal(before.Pixels, after.Pixels);
        Assert.Equal(
            orientation > 1,
            Holds(
                stripped,
                format switch
                {
                    "jpeg" => "Exif\0\0",
                    "png" => "eXIf",
                    _ => "EXIF",
                }
            )
        );
        Assert.Equal(stripped, ImageMetadata.Strip(stripped, format));
    }

    [Fact]
    public void Colour_profiles_and_gamma_stay()
    {
        RgbImage image = StoredImages.Photo(16, 16);
        Assert.True(Holds(ImageMetadata.Strip(StoredImages.Jpeg(image, 1, true), "jpeg"), "ICC_PROFILE\0\u0001\u0001PROFILE"));
        Assert.True(Holds(ImageMetadata.Strip(StoredImages.Png(image, 1, true), "png"), "gAMA"));
    }

    [Theory]
    [InlineData("jpeg")]
    [InlineData("png")]
    [InlineData("webp")]
    public void A_file_without_metadata_stays_as_it_is(string format)
    {
        RgbImage image = StoredImages.Photo(33, 17);
        byte[] file = format switch
        {
            "jpeg" => ImageWriter.EncodeJpeg(image, 80),
            "png" => ImageWriter.EncodePng(image),
            _ => ImageWriter.EncodeWebP(image, 80, lossless: false),
        };
        Assert.Equal(file, ImageMetadata.Strip(file, format));
    }

    [Fact]
    public void Tables_that_the_end_of_a_jpeg_cuts_off_are_left_out()
    {
        byte[] whole = StoredImages.File("jpeg", StoredImages.Photo(24, 20), 6, true);
        int end = whole.AsSpan().LastIndexOf([(byte)0xff, (byte)0xd9]);
        // The end of the image becomes the head of Huffman tables that are longer than the file.
        byte[] file = [.. whole[..(end + 1)], 0xc4, .. "SECRET"u8];
        RgbImage before = ImageDecoder.Decode(file).Image!;

        RgbImage after = ImageDecoder.Decode(ImageMetadata.Strip(file, "jpeg")).Image!;

        Assert.Equal(before.Pixels, after.Pixels);
    }

    [Theory]
    [InlineData("jpeg")]
    [InlineData("png")]
    [InlineData("webp")]
    public void Whatever_a_damaged_file_decodes_to_its_stripped_form_decodes_to_it_too(string format)
    {
        byte[] whole = StoredImages.File(format, StoredImages.Photo(24, 20), 6, true);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte)
            .Array[1, 4]
            .Sample(
                changes =>
                {
                    byte[] file = [.. whole];
                    foreach ((int at, byte value) in changes)
                        file[at] = value;
                    DecodeResult before = ImageDecoder.Decode(file);
                    byte[] stripped = ImageMetadata.Strip(file, before.Format);
                    return before.Image is not { } image
                        || (
                            ImageDecoder.Decode(stripped).Image is { } after
                            && after.Width == image.Width
                            && after.Pixels.AsSpan().SequenceEqual(image.Pixels)
                        );
                },
                iter: 3000
            );
    }

    private static bool Holds(byte[] file, string text) => file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0;
}
