// The teacher's forward passes in ONNX Runtime.

using DataFreeKD.Models;
using DataFreeKD.Onnx;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Teachers;

/// <summary>A teacher as a graph in memory that gives logits, embedding, what the heads read, and the probe of each block asked
/// for.</summary>
internal sealed class OnnxTeacher : IDisposable
{
    private readonly OnnxModel model;
    private readonly VitConfig config;
    private readonly IReadOnlyList<LinearHead> heads;
    private readonly IReadOnlyList<int> blocks;
    private readonly string[] outputs;

    /// <param name="teacher">The loaded teacher; its heads are read later, too.</param>
    /// <param name="blocks">Blocks to probe.</param>
    /// <param name="int8">Whether weights become int8.</param>
    /// <param name="cuda">The CUDA device to run on; null: the CPU.</param>
    public OnnxTeacher(LoadedModel teacher, IReadOnlyList<int> blocks, bool int8, int? cuda)
    {
        VisionTransformer network = teacher.Model.AsVisionTransformer("has no attention to probe");
        (config, heads, this.blocks) = (network.Config, network.LinearHeads, blocks);
        GraphOptions options = new()
        {
            ProbeBlocks = blocks,
            Embedding = true,
            Features = true,
        };
        OnnxGraph graph = int8 ? OnnxGraph.DynamicInt8(teacher, options) : OnnxGraph.Float(teacher, options);
        // Batches run side by side, each on a thread of its own.
        model = OnnxModel.Open(graph.ToBytes(), threads: 1, cuda);
        outputs =
        [
            OnnxNames.Embedding,
            OnnxNames.Features,
            .. config.Classes > 0 ? [OnnxNames.Logits] : Array.Empty<string>(),
            .. blocks.Select(OnnxNames.Probe),
        ];
    }

    /// <summary>As <c>TeacherAnswer.Of</c>, without the rollout, which needs the attention of all blocks. Tensors belong to the caller's
    /// dispose scope.</summary>
    public TeacherAnswer Answer(Tensor pixels, int views)
    {
        Dictionary<string, Tensor> found = Run(pixels, outputs);
        return new TeacherAnswer
        {
            Logits = found.GetValueOrDefault(OnnxNames.Logits)?.to(ScalarType.Float64),
            Embedding = found[OnnxNames.Embedding],
            Features = found[OnnxNames.Features].to(ScalarType.Float64),
            Heads = heads,
            Probes = [.. blocks.Select(block => Unit(found[OnnxNames.Probe(block)].to(ScalarType.Float64)))],
            Views =
                config.Classes == 0
                    ? []
                    :
                    [
                        .. ImageViews
                            .Of(pixels, views)
                            .Select(view => Run(view, [OnnxNames.Logits])[OnnxNames.Logits].to(ScalarType.Float64)),
                    ],
        };
    }

    public void Dispose() => model.Dispose();

    // Single precision sums to 1 within rounding; the variance of a nearly uniform row asks for more.
    private static Tensor Unit(Tensor probe) => probe / probe.sum(-1, keepdim: true);

    private Dictionary<string, Tensor> Run(Tensor pixels, string[] wanted)
    {
        Dictionary<string, Tensor> found = [];
        int images = (int)pixels.shape[0];
        model.Run(new PixelBatch(pixels.contiguous().data<float>().ToArray(), images), wanted, (name, values) =>
            found.Add(name, tensor(values.ToArray(), Shape(name, images)))
        );
        return found;
    }

    private long[] Shape(string output, int images) =>
        output switch
        {
            OnnxNames.Logits => [images, config.Classes],
            OnnxNames.Embedding => [images, config.Width],
            OnnxNames.Features =>
            [
                images,
                config.CrossBias ? 3
                : config.Distilled ? 2
                : 1,
                config.Width,
            ],
            _ => [images, config.Patches],
        };
}
