// Files that lie, end early or are no images: each gives a reason, never an exception or a large allocation.

using System.Buffers.Binary;
using System.Diagnostics;
using CsCheck;

namespace DataFreeKD.Imaging.Tests;

public class HostileImageTests
{
    public static TheoryData<string> Formats => ["jpeg", "png", "webp", "gif", "bmp"];

    [Theory, MemberData(nameof(Formats))]
    public void A_sound_file_decodes(string format)
    {
        DecodeResult result = ImageDecoder.Decode(TestImages.File(format, TestImages.Photo(61, 37)));
        Assert.Null(result.Reason);
        Assert.Equal((format, 61, 37), (result.Format, result.Image!.Width, result.Image.Height));
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_file_cut_in_half_is_truncated(string format)
    {
        byte[] file = TestImages.File(format, TestImages.Noise(128, 96));
        DecodeResult result = ImageDecoder.Decode(file.AsMemory(0, file.Length / 2));
        Assert.Null(result.Image);
        Assert.Equal("truncated", result.Reason);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_file_cut_anywhere_never_throws(string format)
    {
        byte[] file = TestImages.File(format, TestImages.Photo(40, 30));
        for (int length = 0; length < file.Length; length += 1 + length / 40)
        {
            DecodeResult result = ImageDecoder.Decode(file.AsMemory(0, length));
            Assert.Equal(result.Image is null, result.Reason is not null);
        }
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_file_with_flipped_bytes_never_throws(string format)
    {
        byte[] file = TestImages.File(format, TestImages.Photo(40, 30));
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte, Gen.Int[0, file.Length - 1], Gen.Byte)
            .Sample(
                (at, value, at2, value2) =>
                {
                    byte[] broken = (byte[])file.Clone();
                    (broken[at], broken[at2]) = (value, value2);
                    DecodeResult result = ImageDecoder.Decode(broken, new DecodeLimits { MaxPixels = 1_000_000 });
                    Assert.Equal(result.Image is null, result.Reason is not null);
                },
                iter: 400
            );
    }

    [Fact]
    public void Text_and_noise_are_an_unknown_format()
    {
        Assert.Equal("unknown_format", ImageDecoder.Decode("<html>not an image</html>"u8.ToArray()).Reason);
        Assert.Equal("unknown_format", ImageDecoder.Decode("BM is how this sentence begins, though it is no bitmap."u8.ToArray()).Reason);
        Gen.Byte.Array[1, 200].Sample(bytes => Assert.NotNull(ImageDecoder.Decode(bytes).Reason), iter: 500);
    }

    [Fact]
    public void Nothing_is_empty() => Assert.Equal("empty", ImageDecoder.Decode(default).Reason);

    [Fact]
    public void A_file_over_the_byte_limit_is_too_large() =>
        Assert.Equal(
            "too_large",
            ImageDecoder.Decode(TestImages.File("png", TestImages.Photo(30, 30)), new DecodeLimits { MaxBytes = 100 }).Reason
        );

    [Fact]
    public void The_pixel_limit_is_inclusive()
    {
        byte[] file = TestImages.File("png", TestImages.Photo(30, 20));
        Assert.NotNull(ImageDecoder.Decode(file, new DecodeLimits { MaxPixels = 600 }).Image);
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(file, new DecodeLimits { MaxPixels = 599 }).Reason);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_header_of_fifty_thousand_a_side_is_refused_without_memory(string format)
    {
        byte[] file = HugeHeader(format);
        ImageDecoder.Decode(file);
        using Process process = Process.GetCurrentProcess();
        long resident = process.PeakWorkingSet64;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        DecodeResult result = ImageDecoder.Decode(file);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        process.Refresh();
        Assert.Equal("too_many_pixels", result.Reason);
        Assert.True(allocated < 4096, $"{allocated} bytes allocated for a refusal");
        Assert.True(process.PeakWorkingSet64 - resident < 64 << 20, $"{process.PeakWorkingSet64 - resident} bytes more resident");
    }

    [Fact]
    public void A_gif_frame_larger_than_its_screen_is_measured_too()
    {
        byte[] file = TestImages.File("gif", TestImages.Photo(20, 20));
        int descriptor = 13 + 768;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(descriptor + 5), 60_000);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(descriptor + 7), 60_000);
        Assert.Equal("too_many_pixels", ImageDecoder.Decode(file).Reason);
    }

    [Fact]
    public void A_few_bytes_that_claim_a_large_picture_are_refused_without_memory()
    {
        byte[] png = TestImages.Png(9_000, 9_000, 8, 2, new byte[27_001]);
        byte[] gif = TestImages.File("gif", TestImages.Photo(8, 8)),
            dot = [.. gif];
        int descriptor = 13 + 768;
        foreach (int at in (int[])[6, 8, descriptor + 5, descriptor + 7])
            BinaryPrimitives.WriteUInt16LittleEndian(gif.AsSpan(at), 9_000);
        foreach (int at in (int[])[6, 8])
            BinaryPrimitives.WriteUInt16LittleEndian(dot.AsSpan(at), 9_000);
        byte[] jpeg = TestImages.File("jpeg", TestImages.Photo(16, 16));
        int start = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xc0]);
        foreach (int at in (int[])[start + 5, start + 7])
            BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(at), 9_000);
        foreach (
            (byte[] file, string reason) in ((byte[], string)[])
                [(png, "truncated"), (gif, "truncated"), (dot, "too_many_pixels"), (jpeg, "truncated")]
        )
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(reason, ImageDecoder.Decode(file).Reason);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    [Fact]
    public void A_blank_picture_compressed_as_far_as_it_goes_is_none_of_them()
    {
        byte[] png = TestImages.Png(4_500, 4_500, 8, 2, new byte[4_500 * 13_501]);
        Assert.InRange(png.Length, 1_000, 100_000);
        Assert.Equal((4_500, 4_500), ImageDecoder.Decode(png).Image is { } image ? (image.Width, image.Height) : default);
        byte[] gif = TestImages.File("gif", TestImages.Photo(100, 100));
        foreach (int at in (int[])[6, 8])
            BinaryPrimitives.WriteUInt16LittleEndian(gif.AsSpan(at), 800);
        Assert.Null(ImageDecoder.Decode(gif).Reason);
    }

    private static byte[] HugeHeader(string format)
    {
        switch (format)
        {
            case "png":
                return TestImages.Png(50_000, 50_000, 8, 2, new byte[50_000]);
            case "bmp":
                return TestImages.Bmp(50_000, 50_000, null);
            case "gif":
                byte[] gif = TestImages.File("gif", TestImages.Photo(8, 8));
                BinaryPrimitives.WriteUInt16LittleEndian(gif.AsSpan(6), 50_000);
                BinaryPrimitives.WriteUInt16LittleEndian(gif.AsSpan(8), 50_000);
                return gif;
            case "webp":
                // 14 bits a side is the most of VP8L; VP8X holds 24.
                byte[] webp = new byte[64];
                "RIFF"u8.CopyTo(webp);
                "WEBPVP8X"u8.CopyTo(webp.AsSpan(8));
                webp[16] = 10;
                (webp[24], webp[25], webp[27], webp[28]) = (0x4f, 0xc3, 0x4f, 0xc3);
                return webp;
            default:
                byte[] jpeg = TestImages.File("jpeg", TestImages.Photo(16, 16));
                int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xc0]);
                BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 50_000);
                BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 50_000);
                return jpeg;
        }
    }
}
