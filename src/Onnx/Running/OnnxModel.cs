// An ONNX file in ONNX Runtime: the one place that runs one.

using Microsoft.ML.OnnxRuntime;

namespace DataFreeKD.Onnx.Running;

/// <summary>Reads the values of one output; they are gone afterwards.</summary>
internal delegate void OutputReader(string name, ReadOnlySpan<float> values);

/// <summary>A graph that is ready to run, on the CPU or on a CUDA device.</summary>
internal sealed class OnnxModel : IDisposable
{
    private readonly InferenceSession session;
    private readonly RunOptions run = new();

    private OnnxModel(InferenceSession session) => this.session = session;

    /// <summary>Names of the outputs.</summary>
    public IReadOnlyList<string> Outputs => session.OutputNames;

    /// <summary>What the file says of itself.</summary>
    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    internal IReadOnlyDictionary<string, NodeMetadata> InputTypes => session.InputMetadata;

    internal IReadOnlyDictionary<string, NodeMetadata> OutputTypes => session.OutputMetadata;

    /// <summary>Makes a graph ready, with all of the runtime's optimisations.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="threads">Threads inside an operator; operators run one at a time.</param>
    /// <param name="cuda">The CUDA device to run on; null: the CPU.</param>
    /// <exception cref="OnnxException">The runtime refuses the file, or has not that device.</exception>
    public static OnnxModel Open(byte[] file, int threads, int? cuda = null) =>
        Open(file, threads, GraphOptimizationLevel.ORT_ENABLE_ALL, cuda);

    /// <summary>Without optimisations, rounded tensors are multiplied in floating point, as exactly as on any processor.</summary>
    internal static OnnxModel Open(byte[] file, int threads, GraphOptimizationLevel level, int? cuda = null)
    {
        OnnxTelemetry.TurnOff();
        using SessionOptions options = new()
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = level,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // Threads that wait for work must not take the cores from those that decode images.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (cuda is { } device)
            OnnxCuda.Use(options, device);
        try
        {
            return new OnnxModel(new InferenceSession(file, options));
        }
        catch (OnnxRuntimeException refused)
        {
            throw new OnnxException($"ONNX Runtime refuses the graph: {refused.Message}", refused);
        }
    }

    /// <summary>Runs images of the graph's own size.</summary>
    /// <param name="batch">Normalised pixels.</param>
    /// <param name="outputs">The outputs wanted.</param>
    /// <param name="read">Reads each of them.</param>
    public void Run(PixelBatch batch, IEnumerable<string> outputs, OutputReader read)
    {
        long side = session.InputMetadata[OnnxNames.Pixels].Dimensions[^1];
        using OrtValue pixels = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance,
            batch.Pixels,
            [batch.Images, 3, side, side]
        );
        Run(OnnxNames.Pixels, pixels, [.. outputs], read);
    }

    /// <summary>The values of one output, of images of the graph's own size.</summary>
    public float[] Run(PixelBatch batch, string output)
    {
        float[] values = [];
        Run(batch, [output], (_, found) => values = found.ToArray());
        return values;
    }

    /// <summary>Runs RGB bytes through a graph with preprocessing.</summary>
    /// <param name="rgb"><c>[B, H, W, 3]</c>.</param>
    /// <param name="images">B.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="output">The output wanted.</param>
    public float[] RunBytes(Memory<byte> rgb, int images, int height, int width, string output)
    {
        using OrtValue image = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, rgb, [images, height, width, 3]);
        float[] values = [];
        Run(OnnxNames.Image, image, [output], (_, found) => values = found.ToArray());
        return values;
    }

    /// <summary>The values of one output of a graph whose names are its own, and their shape.</summary>
    internal (float[] Values, long[] Shape) Run(string input, Memory<float> values, long[] shape, string output)
    {
        using OrtValue given = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values, shape);
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> found = session.Run(run, [input], [given], [output]);
            return (found[0].GetTensorDataAsSpan<float>().ToArray(), found[0].GetTensorTypeAndShape().Shape);
        }
        catch (OnnxRuntimeException refused)
        {
            throw new OnnxException($"ONNX Runtime cannot run the graph on [{string.Join(", ", shape)}]: {refused.Message}", refused);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        run.Dispose();
        session.Dispose();
    }

    private void Run(string input, OrtValue value, string[] outputs, OutputReader read)
    {
        using IDisposableReadOnlyCollection<OrtValue> found = session.Run(run, [input], [value], outputs);
        for (int i = 0; i < outputs.Length; i++)
            read(outputs[i], found[i].GetTensorDataAsSpan<float>());
    }
}
