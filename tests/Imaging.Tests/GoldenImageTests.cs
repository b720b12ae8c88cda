// Decoding and resizing against what PIL 9.4 gives for 22 real and odd files.

using DataFreeKD.Testing;

namespace DataFreeKD.Imaging.Tests;

public class GoldenImageTests(ITestOutputHelper output)
{
    private static readonly Preprocessing Bicubic256Crop224 = new() { ImageSize = 224, CropPct = 0.875 };
    private static readonly Preprocessing Bilinear224 = new()
    {
        ImageSize = 224,
        Squash = true,
        Interpolation = Interpolation.Bilinear,
    };
    private static readonly Preprocessing Bicubic32 = new() { ImageSize = 32, Squash = true };

    public static TheoryData<string> Variants => ["bicubic256_crop224", "bilinear224x224", "bicubic32x32"];

    [Theory, MemberData(nameof(Variants))]
    public void Every_file_is_within_one_level_of_PIL_on_average_and_three_at_p999(string variant)
    {
        int files = 0;
        foreach ((string file, byte[] actual, byte[] expected) in Cases(variant))
        {
            (double mean, int p999, int worst) = Difference(actual, expected);
            output.WriteLine($"{file,-40} {variant,-20} mean {mean:F4}  p99.9 {p999}  max {worst}");
            Assert.True(mean <= 1 && p999 <= 3, $"{file} {variant}: mean {mean:F3}, p99.9 {p999}");
            files++;
        }
        Assert.Equal(22, files);
    }

    /// <summary>Lossless files decode alike everywhere, so that the resize alone is judged.</summary>
    [Theory, MemberData(nameof(Variants))]
    public void Lossless_files_equal_PIL_in_every_bit(string variant)
    {
        int files = 0;
        foreach (
            (string file, byte[] actual, byte[] expected) in Cases(variant)
                .Where(static test => Path.GetExtension(test.File) is ".png" or ".bmp" or ".gif" || test.File == "lossless.webp")
        )
        {
            Assert.True(actual.AsSpan().SequenceEqual(expected), $"{file} {variant}: {Difference(actual, expected)}");
            files++;
        }
        Assert.Equal(8, files);
    }

    private static IEnumerable<(string File, byte[] Actual, byte[] Expected)> Cases(string variant)
    {
        string folder = SharedData.Path("golden", "images");
        GoldenTensors golden = new(Path.Combine(folder, "expected.safetensors"));
        Preprocessing transform = variant switch
        {
            "bicubic256_crop224" => Bicubic256Crop224,
            "bilinear224x224" => Bilinear224,
            _ => Bicubic32,
        };
        foreach (
            string name in golden.Names.Where(name => name.EndsWith("|" + variant, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        )
        {
            string file = name.Split('|')[0];
            DecodeResult decoded = ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, file)));
            Assert.True(decoded.Image is not null, $"{file}: {decoded.Reason}");
            yield return (file, transform.Apply(decoded.Image).Pixels, golden.Data<byte>(name).ToArray());
        }
    }

    private static (double Mean, int P999, int Max) Difference(byte[] actual, byte[] expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        int[] differences = [.. actual.Zip(expected, static (a, b) => Math.Abs(a - b)).Order()];
        return (differences.Average(), differences[(int)(differences.Length * 0.999)], differences[^1]);
    }
}
