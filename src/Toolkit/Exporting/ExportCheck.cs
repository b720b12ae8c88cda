// An export in ONNX Runtime beside its model in libtorch.

using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Onnx;
using DataFreeKD.Onnx.Running;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Toolkit.Exporting;

/// <summary>How far an export is from its model.</summary>
/// <param name="Images">Images looked at.</param>
/// <param name="Error">Largest absolute difference of a logit (of the embedding, for a model without a head) on the same pixels.</param>
/// <param name="ResizedError">The same where the graph resized the image itself, which differs by one level in a few pixels of 10,000; as a
/// share of the largest logit. 0 without such images.</param>
/// <param name="Largest">Largest absolute logit of the model.</param>
/// <param name="Agreement">Share of images with the same decision; NaN without a head.</param>
internal sealed record CheckResult(int Images, double Error, double ResizedError, double Largest, double Agreement);

/// <summary>Runs the same images through both.</summary>
internal sealed class ExportCheck(LoadedModel model, OnnxModel export, bool withPreprocessing)
{
    private readonly string output = model.Model.Config.Classes > 0 ? OnnxNames.Logits : OnnxNames.Embedding;
    private readonly Preprocessing transform = model.Preprocessing;
    private int images,
        alike;
    private double error,
        resizedError,
        largest;

    /// <summary>What was found so far.</summary>
    public CheckResult Result =>
        new(
            images,
            error,
            largest > 0 ? resizedError / largest : 0,
            largest,
            model.Model.Config.Classes > 0 ? (double)alike / images : double.NaN
        );

    /// <summary>Images drawn from a seed, of a size that a transform does not resize.</summary>
    public static IEnumerable<RgbImage> Drawn(Preprocessing transform, int count, int seed)
    {
        int side = transform.LeastSide();
        Random random = new(seed);
        for (int i = 0; i < count; i++)
        {
            byte[] pixels = new byte[3 * side * side];
            random.NextBytes(pixels);
            // A plain image, a noisy one, and what lies between.
            int noise = 1 + (255 * i / Math.Max(1, count - 1));
            for (int at = 0; at < pixels.Length; at++)
                pixels[at] = (byte)(128 + ((pixels[at] % noise) - (noise / 2)));
            yield return new RgbImage(side, side, pixels);
        }
    }

    /// <summary>Compares on one image; where the graph has the preprocessing, it gets the image as it is.</summary>
    public void Compare(RgbImage image)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        float[] pixels = Normalised(transform, transform.Apply(image));
        ModelOutput expected = model.Model.Run(tensor(pixels, [1, 3, transform.ImageSize, transform.ImageSize]), ModelCapture.None);
        float[] own = (expected.Logits ?? expected.Embedding).contiguous().data<float>().ToArray();
        float[] exported = withPreprocessing
            ? export.RunBytes(image.Pixels, 1, image.Height, image.Width, output)
            : export.Run(new PixelBatch(pixels, 1), output);
        images++;
        alike += Array.IndexOf(own, own.Max()) == Array.IndexOf(exported, exported.Max()) ? 1 : 0;
        // A NaN must not pass for a small difference.
        double furthest = own.Zip(exported)
            .Max(pair => float.IsFinite(pair.Second) ? Math.Abs(pair.First - pair.Second) : double.PositiveInfinity);
        largest = Math.Max(largest, own.Max(Math.Abs));
        if (withPreprocessing && (image.Width != transform.LeastSide() || image.Height != transform.LeastSide()))
            resizedError = Math.Max(resizedError, furthest);
        else
            error = Math.Max(error, furthest);
    }

    /// <summary>Batches of normalised pixels of images.</summary>
    public static IEnumerable<PixelBatch> Batches(IEnumerable<RgbImage> images, Preprocessing preprocessing, int batchSize)
    {
        Preprocessing transform = preprocessing;
        foreach (RgbImage[] chunk in images.Chunk(batchSize))
        {
            float[] pixels = [.. chunk.SelectMany(image => Normalised(transform, transform.Apply(image)))];
            yield return new PixelBatch(pixels, chunk.Length);
        }
    }

    private static float[] Normalised(Preprocessing transform, RgbImage seen)
    {
        float[] pixels = new float[3 * transform.ImageSize * transform.ImageSize];
        transform.Normalise(seen, pixels);
        return pixels;
    }
}
