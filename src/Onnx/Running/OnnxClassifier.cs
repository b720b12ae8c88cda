// Any classifier of images that somebody exported to ONNX.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace DataFreeKD.Onnx.Running;

/// <summary>
/// A graph that takes normalised pixels <c>[B, 3, H, W]</c>, float32, and gives a figure for each class, <c>[B, C]</c>.
/// Where it ends in a softmax, what enters the softmax is taken: scores are made of logits.
/// </summary>
internal sealed class OnnxClassifier : IDisposable
{
    /// <summary>The version of ONNX Runtime.</summary>
    public static string RuntimeVersion => OnnxTelemetry.Version;

    /// <summary>What the names of such files end in.</summary>
    public const string Extension = ".onnx";

    // Protocol Buffers end at 2 GiB.
    private const long MostBytes = int.MaxValue;

    // Operators between a softmax and the output that change no figure.
    private static readonly HashSet<string> Silent = ["Identity", "Cast", "Flatten", "Reshape", "Squeeze", "Dropout"];

    private readonly OnnxModel model;
    private readonly string input;
    private readonly string output;
    private readonly int fixedBatch;

    private OnnxClassifier(string path, OnnxModel model, string input, string output, int fixedBatch) =>
        (Path, this.model, this.input, this.output, this.fixedBatch) = (path, model, input, output, fixedBatch);

    /// <summary>Raised after each opening, on the thread that opened, with what was assumed and noted.</summary>
    public static event Action<OnnxClassifier>? Opened;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its size.</summary>
    public long Bytes { get; private init; }

    /// <summary>Numbers in its weights, constants of other kinds included.</summary>
    public long Parameters { get; private init; }

    /// <summary>C.</summary>
    public int Classes { get; private init; }

    /// <summary>How it wants its images, and what its classes are called.</summary>
    public ForeignInput Input { get; private set; } = new(new Preprocessing(), [], [], []);

    /// <summary>Whether a path names such a file.</summary>
    public static bool Recognises(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);
    }

    /// <summary>Opens a file and runs it once, on noise, to see that it is a classifier.</summary>
    /// <param name="path">The file.</param>
    /// <param name="given">The user's own values of its preprocessing.</param>
    /// <param name="threads">Threads inside an operator.</param>
    /// <exception cref="OnnxException">It is no classifier of images, or ONNX Runtime refuses it; the message says which part of it and how
    /// to mend it.</exception>
    /// <exception cref="ModelException">What stands beside it or in it of its preprocessing cannot be used.</exception>
    public static OnnxClassifier Open(string path, PreprocessingOverride? given = null, int threads = 1)
    {
        ModelProto file = Parse(path, out long bytes);
        List<string> notes = [];
        string wanted = Output(path, file.Graph, notes);
        OnnxModel model = Ready(path, file, threads);
        try
        {
            (string input, int batch, int? side) = InputOf(path, model);
            NodeMetadata type = model.OutputTypes[wanted];
            if (!type.IsTensor || type.ElementType != typeof(float))
                throw Bad(
                    path,
                    $"its output '{wanted}' is {(type.IsTensor ? type.ElementType.Name : type.OnnxValueType.ToString())}, not float32; export it with float32 outputs"
                );
            OnnxClassifier bare = new(path, model, input, wanted, batch);
            int told = type.Dimensions is [_, var count, ..] && count > 0 ? count : 0;
            int classes = told > 0 ? told : bare.Try(side ?? given?.ImageSize ?? MetadataSide(model) ?? 224).Count;
            ForeignInput described = ForeignInput.Read(path, side, classes, model.Metadata, given);
            float[] tried = bare.Try(described.Preprocessing.ImageSize).Values;
            if (tried.Length != classes)
                throw Bad(path, $"its output '{wanted}' says {classes} classes and gives {tried.Length} figures an image");
            if (classes < 2)
                throw Bad(path, $"its output '{wanted}' has one figure an image; a classifier has two classes or more");
            if (Math.Abs(tried.Sum(value => (double)value) - 1) < 1e-3 && tried.All(value => value >= 0))
                throw Bad(
                    path,
                    $"its output '{wanted}' holds probabilities, and scores need what entered the softmax; export it without the softmax"
                );
            OnnxClassifier opened = new(path, model, input, wanted, batch)
            {
                Bytes = bytes,
                Parameters = file.Graph.Initializer.Sum(tensor => tensor.Dims.Aggregate(1L, (product, dim) => product * dim)),
                Classes = classes,
                Input = described with { Notes = [.. notes, .. described.Notes] },
            };
            Opened?.Invoke(opened);
            return opened;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Logits <c>[B, C]</c>, row by row. Thread-safe.</summary>
    /// <param name="pixels">Normalised, <c>[B, 3, S, S]</c>.</param>
    /// <param name="images">B.</param>
    /// <exception cref="OnnxException">ONNX Runtime cannot run the graph.</exception>
    public float[] Logits(Memory<float> pixels, int images)
    {
        int side = Input.Preprocessing.ImageSize,
            each = 3 * side * side,
            step = fixedBatch > 0 ? fixedBatch : images;
        float[] logits = new float[images * Classes];
        for (int at = 0; at < images; at += step)
        {
            int some = Math.Min(step, images - at);
            Memory<float> part = pixels.Slice(at * each, some * each);
            // A graph of a fixed batch is given empty images beside the last ones.
            if (some < step)
            {
                float[] whole = new float[step * each];
                part.CopyTo(whole);
                part = whole;
            }
            (float[] values, _) = model.Run(input, part, [step, 3, side, side], output);
            if (values.Length != (long)step * Classes)
                throw Bad(Path, $"its output '{output}' gave {values.Length} figures for {step} images of {Classes} classes");
            values.AsSpan(0, some * Classes).CopyTo(logits.AsSpan(at * Classes));
        }
        return logits;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private (float[] Values, int Count) Try(int side)
    {
        int batch = Math.Max(1, fixedBatch);
        float[] noise = new float[batch * 3 * side * side];
        for (int i = 0; i < noise.Length; i++)
            noise[i] = (float)(((SplitMix64.Mix((ulong)i) >> 40) / (double)(1 << 24) * 2) - 1);
        (float[] values, long[] shape) = model.Run(input, noise, [batch, 3, side, side], output);
        // Old exports leave the sides of the last map: [B, C, 1, 1].
        if (shape.Length < 2 || shape[0] != batch || shape.Skip(2).Any(dim => dim != 1))
            throw Bad(
                Path,
                $"its output '{output}' is [{string.Join(", ", shape)}] for {batch} image{(batch == 1 ? "" : "s")}, not [B, C]: it is no classifier"
            );
        return (values[..(int)shape[1]], (int)shape[1]);
    }

    private static ModelProto Parse(string path, out long bytes)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            bytes = stream.Length;
            if (bytes > MostBytes)
                throw Bad(path, "it is over 2 GB, which no ONNX file is");
            ModelProto file = ModelProto.Parser.ParseFrom(stream);
            if (file.Graph is null || file.Graph.Node.Count == 0)
                throw Bad(path, "it holds no graph");
            if (file.Graph.Initializer.FirstOrDefault(tensor => tensor.ExternalData.Count > 0) is { } outside)
                throw Bad(
                    path,
                    $"its weights ('{Shown(outside.Name)}') lie in another file; join them: onnx.save(onnx.load('model.onnx'), 'joined.onnx')"
                );
            return file;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidProtocolBufferException)
        {
            throw new OnnxException(
                $"'{path}' was not loaded: {(problem is InvalidProtocolBufferException ? "it is no ONNX file" : problem.Message)}",
                problem
            );
        }
    }

    // The output named logits, else the only one; where a softmax makes it, what enters the softmax becomes the output.
    private static string Output(string path, GraphProto graph, List<string> notes)
    {
        string[] names = [.. graph.Output.Select(value => value.Name)];
        string name =
            names.Contains(OnnxNames.Logits) ? OnnxNames.Logits
            : names is [var only] ? only
            : throw Bad(
                path,
                $"it has the outputs {string.Join(", ", names.Select(each => $"'{Shown(each)}'"))}, and none is called 'logits'; export it with its logits alone"
            );
        if (names.Length > 1)
            notes.Add($"of its outputs '{name}' is taken");
        NodeProto? maker = Maker(name);
        while (maker is not null && Silent.Contains(maker.OpType) && maker.Input.Count > 0)
            maker = Maker(maker.Input[0]);
        if (maker?.OpType is "Sigmoid")
            throw Bad(
                path,
                $"its output '{Shown(name)}' comes from a sigmoid: it gives each class a probability of its own, and scores are made for one class an image"
            );
        if (maker?.OpType is not ("Softmax" or "LogSoftmax") || maker.Input.Count == 0)
            return name;
        ValueInfoProto declared = graph.Output.First(value => value.Name == name).Clone();
        notes.Add($"its output '{Shown(name)}' comes from a {maker.OpType}; what enters it is taken");
        declared.Name = maker.Input[0];
        graph.Output.Clear();
        graph.Output.Add(declared);
        return declared.Name;

        NodeProto? Maker(string tensor) => graph.Node.FirstOrDefault(node => node.Output.Contains(tensor));
    }

    private static OnnxModel Ready(string path, ModelProto file, int threads)
    {
        try
        {
            return OnnxModel.Open(file.ToByteArray(), threads);
        }
        catch (OnnxException refused)
        {
            throw Bad(path, refused.Message);
        }
    }

    private static (string Name, int Batch, int? Side) InputOf(string path, OnnxModel model)
    {
        if (model.InputTypes.Count != 1)
            throw Bad(
                path,
                $"it has the inputs {string.Join(", ", model.InputTypes.Keys.Select(each => $"'{Shown(each)}'"))}; a classifier of images has one"
            );
        (string name, NodeMetadata type) = model.InputTypes.Single();
        string shape = type.IsTensor
            ? $"{type.ElementType.Name} [{string.Join(", ", type.Dimensions.Select(dim => dim > 0 ? $"{dim}" : "?"))}]"
            : type.OnnxValueType.ToString();
        if (name == OnnxNames.Image && type.IsTensor && type.ElementType == typeof(byte))
            throw Bad(
                path,
                $"it resizes and normalises images itself; export it without {nameof(GraphOptions.WithPreprocessing)}",
                nameof(GraphOptions.WithPreprocessing)
            );
        if (!type.IsTensor || type.ElementType != typeof(float))
            throw Bad(path, $"its input '{Shown(name)}' is {shape}, not float32 [B, 3, H, W]; export it with a float32 input");
        if (type.Dimensions is not [var batch, var channels, var height, var width])
            throw Bad(path, $"its input '{Shown(name)}' is {shape}, not [B, 3, H, W]");
        if (width == 3 && channels != 3)
            throw Bad(path, $"its input '{Shown(name)}' is {shape}: channels stand last; export it with channels first, [B, 3, H, W]");
        if (channels > 0 && channels != 3)
            throw Bad(path, $"its input '{Shown(name)}' is {shape}; three colour channels are supported");
        if (height > 0 && width > 0 && height != width)
            throw Bad(path, $"its input '{Shown(name)}' is {shape}: only square inputs are read");
        int side = Math.Max(height, width);
        return (name, Math.Max(0, batch), side > 0 ? side : null);
    }

    private static int? MetadataSide(OnnxModel model) =>
        model.Metadata.TryGetValue("image_size", out string? text)
        && int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out int side)
        && side is > 0 and <= 8192
            ? side
            : null;

    private static string Shown(string text) => new([.. text.Take(80).Select(each => char.IsControl(each) ? '?' : each)]);

    private static OnnxException Bad(string path, string what, params string[] options) =>
        new($"'{path}' was not loaded: {what}") { Options = options };
}
