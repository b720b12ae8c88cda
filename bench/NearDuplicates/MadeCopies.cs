// Copies made of photographs, smaller and re-encoded: how far their hashes and sketches are from the originals'.

using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.NearDuplicates;

internal static class MadeCopies
{
    private static readonly double[] Tolerances = [1, 2, 3, 4];

    private static readonly (string Name, Func<RgbImage, RgbImage> Make)[] Copies =
    [
        ("JPEG 75", image => Jpeg(image, 75)),
        ("JPEG 30", image => Jpeg(image, 30)),
        ("half", image => Scaled(image, 0.5)),
        ("half, JPEG 50", image => Jpeg(Scaled(image, 0.5), 50)),
        ("quarter, JPEG 75", image => Jpeg(Scaled(image, 0.25), 75)),
        ("1.5 times, JPEG 75", image => Jpeg(Scaled(image, 1.5), 75)),
    ];

    /// <summary>Prints for each kind of copy the share within radii 0 to 8, and within colour tolerances.</summary>
    public static void Report(string photographs)
    {
        List<RgbImage> images =
        [
            .. ImageInputs
                .Enumerate(photographs)
                .Select(input => input.Bytes is { } bytes ? ImageDecoder.Decode(bytes).Image : null)
                .OfType<RgbImage>(),
        ];
        Console.WriteLine(
            $"{images.Count} photographs; share of copies within radius 0 1 2 3 4 5 6 7 8, within colour tolerance {string.Join(' ', Tolerances)}"
        );
        foreach ((string name, Func<RgbImage, RgbImage> make) in Copies)
        {
            List<(int Bits, double Colours)> distances = [.. images.Select(image => Distance(image, make(image)))];
            IEnumerable<double> radii = Enumerable.Range(0, 9).Select(radius => distances.Average(at => at.Bits <= radius ? 1.0 : 0));
            IEnumerable<double> tolerances = Tolerances.Select(tolerance => distances.Average(at => at.Colours <= tolerance ? 1.0 : 0));
            Console.WriteLine(
                $"{name,-18}  {string.Join(' ', radii.Select(share => $"{share:F3}"))}   {string.Join(' ', tolerances.Select(share => $"{share:F3}"))}"
            );
        }
    }

    private static (int Bits, double Colours) Distance(RgbImage image, RgbImage copy) =>
        (
            PerceptualHash.Distance(PerceptualHash.Compute(image), PerceptualHash.Compute(copy)),
            Math.Sqrt((double)ColourSketch.SquaredDistance(ColourSketch.Of(image), ColourSketch.Of(copy)) / ColourSketch.Length)
        );

    private static RgbImage Jpeg(RgbImage image, int quality) => ImageDecoder.Decode(ImageWriter.EncodeJpeg(image, quality)).Image!;

    private static RgbImage Scaled(RgbImage image, double factor) =>
        PilResize.Resize(image, Math.Max(1, (int)(image.Width * factor)), Math.Max(1, (int)(image.Height * factor)), Interpolation.Bicubic);
}
