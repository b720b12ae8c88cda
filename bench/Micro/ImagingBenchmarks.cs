// Decoding and resizing one photograph-sized image.

using BenchmarkDotNet.Attributes;
using DataFreeKD.Imaging;
using SkiaSharp;

namespace DataFreeKD.Micro;

/// <summary>A 500×375 picture, the usual ImageNet size: JPEG bytes to RGB, and RGB to the model's input.</summary>
[MemoryDiagnoser]
public class ImagingBenchmarks
{
    private readonly Preprocessing transform = new() { ImageSize = 224 };
    private readonly float[] pixels = new float[3 * 224 * 224];
    private byte[] jpeg = [];
    private RgbImage image = new(1, 1, new byte[3]);
    private RgbImage cropped = new(1, 1, new byte[3]);

    [GlobalSetup]
    public void Setup()
    {
        // Smooth waves with grain: entropy-coded data of a photograph's size, without a file to fetch.
        const int width = 500,
            height = 375;
        Random grain = new(0);
        byte[] rgb = new byte[width * height * 3];
        using SKBitmap bitmap = new(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                byte Wave(double scale) => (byte)Math.Clamp(128 + (90 * Math.Sin((x + (y * 0.7)) * scale)) + grain.Next(-12, 13), 0, 255);
                int at = ((y * width) + x) * 3;
                (rgb[at], rgb[at + 1], rgb[at + 2]) = (Wave(0.031), Wave(0.017), Wave(0.055));
                bitmap.SetPixel(x, y, new SKColor(rgb[at], rgb[at + 1], rgb[at + 2]));
            }
        }
        using SKData encoded = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        jpeg = encoded.ToArray();
        image = new RgbImage(width, height, rgb);
        cropped = transform.Apply(image);
    }

    [Benchmark]
    public DecodeResult Decode() => ImageDecoder.Decode(jpeg);

    [Benchmark]
    public RgbImage ResizeBicubic() => PilResize.Resize(image, 331, 248, Interpolation.Bicubic);

    [Benchmark]
    public RgbImage ResizeBilinear() => PilResize.Resize(image, 331, 248, Interpolation.Bilinear);

    [Benchmark]
    public void Normalise() => transform.Normalise(cropped, pixels);
}
