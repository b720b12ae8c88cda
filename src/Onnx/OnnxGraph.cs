// The file in memory: graph, versions, metadata.

using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using DataFreeKD.Onnx.Networks;
using DataFreeKD.Onnx.Quantisation;
using Google.Protobuf;

namespace DataFreeKD.Onnx;

/// <summary>An exported model, ready to be written or run.</summary>
public sealed class OnnxGraph
{
    // Protocol Buffers end at 2 GiB; graph and metadata are small beside the weights.
    private const long MostBytes = int.MaxValue - (16L << 20);

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string Version = typeof(OnnxGraph)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion.Split('+')[0]
        ?? "";

    private readonly ModelProto model;

    private OnnxGraph(ModelProto model) => this.model = model;

    /// <summary>The file's size.</summary>
    public long Bytes => model.CalculateSize();

    /// <summary>Single precision.</summary>
    /// <exception cref="OnnxException">An output that the family has not, or weights over 2 GB.</exception>
    public static OnnxGraph Float(LoadedModel model, GraphOptions options) => Float(model, options, new FloatForm());

    /// <summary>Weights and arithmetic in float16; input and outputs stay float32.</summary>
    /// <exception cref="OnnxException">As of <see cref="Float(LoadedModel, GraphOptions)"/>, or a weight that float16 cannot
    /// hold.</exception>
    public static OnnxGraph Float16(LoadedModel model, GraphOptions options)
    {
        OnnxGraph graph = Of(model, options, new FloatForm(), "float16");
        HalfPrecision.Convert(graph.model.Graph);
        return graph;
    }

    /// <summary>Weights of 8 bits; activations are quantised as they come.</summary>
    /// <inheritdoc cref="Float(LoadedModel, GraphOptions)"/>
    public static OnnxGraph DynamicInt8(LoadedModel model, GraphOptions options) =>
        Of(model, options, new DynamicForm(MostOf(options)), $"int8, dynamic, weights to {MostOf(options)}");

    /// <summary>int8 weights and activations of calibrated ranges.</summary>
    /// <inheritdoc cref="Float(LoadedModel, GraphOptions)"/>
    internal static OnnxGraph StaticInt8(LoadedModel model, GraphOptions options, Calibration calibration)
    {
        int most = calibration.Activations == ActivationType.QInt8 ? Int8Weight.Full : MostOf(options);
        return Of(
            model,
            options,
            new StaticForm(calibration, most),
            string.Create(
                CultureInfo.InvariantCulture,
                $"int8, static, weights to {most}, {calibration.Activations} activations, {calibration.Images} images"
            )
        );
    }

    private static int MostOf(GraphOptions options) => options.FullRange ? Int8Weight.Full : Int8Weight.Reduced;

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes() => model.ToByteArray();

    internal static OnnxGraph Float(LoadedModel model, GraphOptions options, LayerForm form) => Of(model, options, form, "none");

    private static OnnxGraph Of(LoadedModel loaded, GraphOptions options, LayerForm form, string quantisation)
    {
        if (loaded.Model is VisionTransformer { Config: var shape } && Lacking(shape) is { } lacking)
            throw new OnnxException($"{loaded.WeightsPath} has {lacking}, which exports do not have yet; use libtorch");
        if (
            loaded.Model is VisionTransformer { Config.Depth: int depth }
            && options.ProbeBlocks.Where(block => block < 0 || block >= depth).Cast<int?>().FirstOrDefault() is { } strange
        )
            throw new OnnxException($"probe of block {strange}: the model has blocks 0 to {depth - 1}");
        long bytes = new Weights(loaded.Model).Bytes;
        if (bytes > MostBytes)
            throw new OnnxException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{loaded.WeightsPath} has {bytes / 1e9:F1} GB of weights, and one ONNX file holds 2 GB; give a smaller model"
                )
            );
        ModelProto model = new()
        {
            IrVersion = GraphBuilder.IrVersion,
            ProducerName = "DataFreeKD",
            ProducerVersion = Version,
            Graph = Network.Of(loaded.Model, loaded.Preprocessing, options, form),
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = GraphBuilder.Opset });
        foreach ((string key, string value) in Metadata(loaded, quantisation))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return new OnnxGraph(model);
    }

    // What the graph's layers do not compute.
    private static string? Lacking(VitConfig config) =>
        config.Activation != Activation.Gelu && !config.SwiGlu ? $"the activation {config.Activation} in its MLPs"
        : config.Pooling != Pooling.Token || config.FcNorm ? "another pooling than by the class token"
        : !config.ClassToken ? "no class token"
        : config.QkNorm ? "norms of queries and keys"
        : config.PostNorm ? "norms after its branches"
        : config.RmsNorm ? "RMSNorm in the place of LayerNorm"
        : !config.ProjectionBias ? "projections and MLPs without bias"
        : config.EmbedNorm || config.AttentionNorm || config.MlpNorm ? "norms inside its branches or of its patches"
        : config.RelativeBias ? "relative position biases"
        : config.ParallelBranches ? "parallel branches in its blocks"
        : !config.FinalNorm ? "no final norm"
        : config.Rotary is not null || !config.LearnedPositions ? "rotary positions"
        : null;

    private static IEnumerable<(string Key, string Value)> Metadata(LoadedModel loaded, string quantisation)
    {
        Preprocessing input = loaded.Preprocessing;
        yield return ("architecture", loaded.Model.Config.Name);
        yield return ("class_names", JsonSerializer.Serialize(loaded.ClassNames, Plain));
        yield return ("image_size", input.ImageSize.ToString(CultureInfo.InvariantCulture));
        yield return ("crop_pct", input.CropPct.ToString("R", CultureInfo.InvariantCulture));
        yield return ("crop_mode", input.Squash ? "squash" : "center");
        yield return ("interpolation", input.Interpolation.Name());
        yield return ("mean", JsonSerializer.Serialize(input.Mean));
        yield return ("std", JsonSerializer.Serialize(input.Std));
        yield return ("quantisation", quantisation);
        yield return ("producer", "DataFreeKD");
        yield return ("version", Version);
    }
}
