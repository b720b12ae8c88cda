// Files that are not decoded say what they are, and files that ask for too much are told before anything is allocated.

using System.Buffers.Binary;
using System.Text;

namespace DataFreeKD.Imaging.Tests;

public class SignatureTests
{
    public static TheoryData<string, string> Magic =>
        new()
        {
            { "\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "unsupported_format/heic" },
            { "\0\0\0\u0018ftypmif1\0\0\0\0mif1heix", "unsupported_format/heic" },
            { "\0\0\0\u001cftypmif1\0\0\0\0mif1avifmiaf", "unsupported_format/avif" },
            { "\0\0\0\u0018ftypavif\0\0\0\0avifmif1", "unsupported_format/avif" },
            { "\0\0\0\u0018ftypcrx \0\0\0\u0001crx isom", "unsupported_format/raw" },
            { "\0\0\0\u0018ftypmp42\0\0\0\0mp42isom", "not_an_image/mp4" },
            { "\0\0\0\u0014ftypqt  \0\0\0\0qt  ", "not_an_image/mov" },
            { "\u00ff\n\u00fa\u001f\u0041\u0090", "unsupported_format/jxl" },
            { "\0\0\0\u000cJXL \r\n\u0087\n", "unsupported_format/jxl" },
            { "\0\0\0\u000cjP  \r\n\u0087\n", "unsupported_format/jp2" },
            { "\u00ff\u004f\u00ff\u0051\0\u0029", "unsupported_format/jp2" },
            { "II*\0\u0008\0\0\0\0\0", "unsupported_format/tiff" },
            { "MM\0*\0\0\0\u0008", "unsupported_format/tiff" },
            { "II*\0\u0010\0\0\0CR\u0002\0", "unsupported_format/raw" },
            { "8BPS\0\u0001", "unsupported_format/psd" },
            { "\0\0\u0001\0\u0001\0\u0010\u0010\0\0\u0001\0\u0020\0\u0068\u0004\0\0\u0016\0\0\0", "unsupported_format/ico" },
            { "qoif\0\0\0\u0001", "unsupported_format/qoi" },
            { "DDS |\0\0\0", "unsupported_format/dds" },
            { "P6\n2 2\n255\n............", "unsupported_format/ppm" },
            { "P4 8 1\n\u0001...", "unsupported_format/pbm" },
            { "<?xml version='1.0'?>\n<!-- c -->\n<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format/svg" },
            { "%PDF-1.7\n", "not_an_image/pdf" },
            { "\u001f\u008b\u0008\0\0\0\0\0", "not_an_image/gzip" },
            { "PK\u0003\u0004............", "not_an_image/zip" },
            { "PAR1....", "not_an_image/parquet" },
            { "\u0093NUMPY\u0001\0", "not_an_image/npy" },
            { "RIFF\u0024\0\0\0WAVEfmt ", "not_an_image/riff" },
            { "a line of text", "unknown_format" },
        };

    [Theory, MemberData(nameof(Magic))]
    public void A_format_that_is_not_decoded_is_named(string start, string reason)
    {
        DecodeResult result = ImageDecoder.Decode(Encoding.Latin1.GetBytes(start));
        Assert.Equal((null, reason), (result.Image, result.Reason));
    }

    [Fact]
    public void A_size_whose_product_overflows_is_refused()
    {
        byte[] file = TestImages.File("png", TestImages.Photo(4, 4));
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(16), 0xffff9a70);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(20), 0xffff9688);
        file[24] = 16;
        file[25] = 0;
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(file).Reason);
    }

    [Fact]
    public void A_JPEG_that_goes_over_its_pixels_without_end_is_refused_and_one_of_many_scans_of_few_pixels_is_not()
    {
        byte[] Scans(int width, int height, int count)
        {
            byte[] file = TestImages.File("jpeg", TestImages.Photo(16, 16));
            int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xc0]),
                scan = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xda]);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), (ushort)height);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), (ushort)width);
            byte[] body = file[scan..^2];
            return [.. file[..scan], .. Enumerable.Repeat(body, count).SelectMany(bytes => bytes), 0xff, 0xd9];
        }

        Assert.Equal("too_many_scans", ImageDecoder.Decode(Scans(9000, 9000, 300)).Reason);
        Assert.NotEqual("too_many_scans", ImageDecoder.Decode(Scans(9000, 9000, 12)).Reason);
        Assert.NotEqual("too_many_scans", ImageDecoder.Decode(Scans(16, 16, 300)).Reason);
    }
}
