// The exported student: a session, and what the file says of itself.

using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using DataFreeKD.Core;
using DataFreeKD.Imaging;
using Microsoft.ML.OnnxRuntime;

namespace DataFreeKD.ClassifyService;

/// <summary>A file that cannot be served; the message says why.</summary>
internal sealed class ClassifierException(string message) : Exception(message);

/// <summary>One of the likeliest classes.</summary>
/// <param name="Class">Its index.</param>
/// <param name="Name">Its name; the index where the file has none.</param>
/// <param name="Probability">0 to 1.</param>
internal sealed record Guess(int Class, string Name, double Probability);

/// <summary>Images to classes; safe to call from many threads.</summary>
internal sealed class Classifier : IDisposable
{
    private readonly InferenceSession session;
    private readonly RunOptions run = new();
    private readonly Preprocessing transform;
    private readonly string[] names;

    private Classifier(InferenceSession session, Preprocessing transform, string[] names, string architecture)
    {
        (this.session, this.transform, this.names) = (session, transform, names);
        Architecture = architecture;
        Classes = session.OutputMetadata["logits"].Dimensions[^1];
    }

    /// <summary>What the file calls its model.</summary>
    public string Architecture { get; }

    /// <summary>Classes.</summary>
    public int Classes { get; }

    /// <summary>Opens a file of `dfkd export --onnx`.</summary>
    /// <exception cref="ClassifierException">No such file, or none that takes pixels and gives logits.</exception>
    public static Classifier Load(string path)
    {
        if (!File.Exists(path))
            throw new ClassifierException($"no file '{path}'; write one with dfkd export MODEL --onnx {Path.GetFileName(path)}");
        // Before anything else of ONNX Runtime: it would tell Microsoft that it runs.
        NativeEnvironment.Set("ORT_DISABLE_TELEMETRY", "1");
        OrtEnv.Instance().DisableTelemetryEvents();
        InferenceSession session;
        try
        {
            session = new InferenceSession(path);
        }
        catch (OnnxRuntimeException refused)
        {
            throw new ClassifierException($"{path} is no ONNX file that can be run: {refused.Message}");
        }
        Dictionary<string, string> facts = session.ModelMetadata.CustomMetadataMap;
        if (
            !session.InputMetadata.ContainsKey("pixels")
            || !session.OutputMetadata.ContainsKey("logits")
            || !facts.TryGetValue("image_size", out string? size)
        )
        {
            session.Dispose();
            throw new ClassifierException(
                $"{path} does not take pixels and give logits; write it with dfkd export, of a model with a head, without --with-preprocessing"
            );
        }
        Preprocessing transform = new()
        {
            ImageSize = int.Parse(size, CultureInfo.InvariantCulture),
            CropPct = double.Parse(facts["crop_pct"], CultureInfo.InvariantCulture),
            Squash = facts["crop_mode"] == "squash",
            Interpolation = facts["interpolation"] == "bilinear" ? Interpolation.Bilinear : Interpolation.Bicubic,
            Mean = JsonSerializer.Deserialize<float[]>(facts["mean"])!,
            Std = JsonSerializer.Deserialize<float[]>(facts["std"])!,
        };
        return new Classifier(session, transform, JsonSerializer.Deserialize<string[]>(facts["class_names"])!, facts["architecture"]);
    }

    /// <summary>The likeliest classes, likeliest first.</summary>
    public IReadOnlyList<Guess> Classify(RgbImage image, int most)
    {
        int side = transform.ImageSize;
        float[] pixels = new float[3 * side * side];
        transform.Normalise(transform.Apply(image), pixels);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, side, side]);
        using IDisposableReadOnlyCollection<OrtValue> found = session.Run(run, ["pixels"], [input], ["logits"]);
        double[] probabilities = Softmax(found[0].GetTensorDataAsSpan<float>());
        return
        [
            .. probabilities
                .Index()
                .OrderByDescending(pair => pair.Item)
                .Take(most)
                .Select(pair => new Guess(
                    pair.Index,
                    names.Length > 0 ? names[pair.Index] : pair.Index.ToString(CultureInfo.InvariantCulture),
                    pair.Item
                )),
        ];
    }

    public void Dispose()
    {
        run.Dispose();
        session.Dispose();
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] shares = new double[logits.Length];
        TensorPrimitives.ConvertTruncating(logits, shares);
        // The library's softmax overflows for large logits.
        TensorPrimitives.Subtract(shares, TensorPrimitives.Max<double>(shares), shares);
        TensorPrimitives.SoftMax<double>(shares, shares);
        return shares;
    }
}
