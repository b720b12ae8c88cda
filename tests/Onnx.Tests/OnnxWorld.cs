// Models with every tensor moved, and pixels drawn from a seed.

using DataFreeKD.Models;
using DataFreeKD.Models.Tests;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Testing;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Tests;

internal static class OnnxWorld
{
    private const string Small = "vit:img=16,patch=4,dim=32,depth=3,heads=4,classes=5";

    /// <summary>Every form of Vision Transformer.</summary>
    public static TheoryData<string> Forms { get; } =
    [
        Small,
        Small + ",distilled",
        Small + ",layerscale,noembedclass",
        Small + ",registers=3,layerscale,noembedclass",
        Small + ",registers=2",
        Small + ",distilled,registers=2",
        Small + ",tokens=cls+conv+inv",
        Small + ",tokens=cls+conv+inv,noembedclass",
        "swiglu",
        "prenorm",
        "qkv bias off",
        "headless",
        "headless distilled",
        "one head",
        "epsilon",
    ];

    /// <summary>Every other family, in sizes that halve evenly and in some that do not.</summary>
    public static TheoryData<string> Families { get; } =
    [
        "resnet:depth=10,img=16,stem=3,width=8,classes=5",
        "resnet:depth=18,img=30,width=8,classes=5",
        "resnet:depth=50,img=32,width=8,classes=5",
        "resnet:depth=10,img=16,stem=3,width=8,classes=0",
        "rednet:depth=26,img=16,stem=3,width=16,classes=5",
        "rednet:depth=26,img=64,width=32,classes=5",
        "tinyvit:img=16,stem=1,dims=8/16/24/32,depths=1/1/1/1,heads=1/2/3/4,classes=5",
        "tinyvit:img=50,dims=8/16/24/32,depths=2/1/2/1,heads=1/2/3/4,windows=5/4/3/2,classes=5",
        "tinyvit:img=32,stem=2,dims=8/16/24/32,depths=1/1/1/1,heads=1/2/3/4,windows=9/3/9/9,classes=0",
    ];

    /// <summary>Forms and families together.</summary>
    public static TheoryData<string> All => [.. Forms.Concat(Families).Select(row => row.Data)];

    /// <summary>A model in eval mode whose biases, gains and tokens are none of them trivial.</summary>
    public static LoadedModel Model(string form, long seed = 1)
    {
        ModelConfig config = Shape(form);
        ImageModel model = config.Create(seed);
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Generator draw = new((ulong)seed + 1);
        // Deep stacks of convolutions want weights that keep figures of one size from layer to layer.
        if (config is not VitConfig)
            FormulaWeights.Fill(model);
        foreach ((string name, Tensor tensor) in model.StateDict().Where(pair => config is VitConfig && pair.Value.is_floating_point()))
        {
            Tensor moved = randn(tensor.shape, generator: draw);
            // A variance stays above 0; 9 to 147 products are summed up in a convolution.
            tensor.add_(name.EndsWith("running_var", StringComparison.Ordinal) ? moved.abs_() : moved, tensor.dim() == 4 ? 0.05 : 0.2);
        }
        model.eval();
        return new LoadedModel(
            model,
            new Preprocessing { ImageSize = config.ImageSize, CropPct = 1 },
            [.. Enumerable.Range(0, config.Classes).Select(index => $"class \"{index}\" é")],
            "memory"
        );
    }

    public static PixelBatch Pixels(LoadedModel model, int images, ulong seed = 3)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator draw = new(seed);
        int side = model.Model.Config.ImageSize;
        // Of different colours: what a mean over positions leaves must differ.
        Tensor colours = randn([images, 3, 1, 1], generator: draw);
        return new PixelBatch((randn([images, 3, side, side], generator: draw) + (2 * colours)).data<float>().ToArray(), images);
    }

    /// <summary>What libtorch makes of it; tensors belong to the caller's scope.</summary>
    public static ModelOutput Libtorch(LoadedModel model, PixelBatch batch, params int[] blocks)
    {
        int side = model.Model.Config.ImageSize;
        return model.Model.Run(tensor(batch.Pixels.ToArray(), [batch.Images, 3, side, side]), new ModelCapture { ClsRowBlocks = blocks });
    }

    public static double Furthest(Tensor expected, float[] found)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(expected.numel(), found.Length);
        return (expected.flatten().to(ScalarType.Float64) - tensor(found).to(ScalarType.Float64)).abs().max().item<double>();
    }

    /// <summary>How often each operator stands in what ONNX Runtime makes of a graph before it runs it.</summary>
    public static Dictionary<string, int> Optimised(OnnxGraph graph)
    {
        OnnxTelemetry.TurnOff();
        using TempFolder folder = new();
        using (
            SessionOptions options = new()
            {
                OptimizedModelFilePath = folder["optimised.onnx"],
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            }
        )
        {
            using InferenceSession session = new(graph.ToBytes(), options);
        }
        return ModelProto
            .Parser.ParseFrom(File.ReadAllBytes(folder["optimised.onnx"]))
            .Graph.Node.CountBy(node => node.OpType)
            .ToDictionary();
    }

    private static ModelConfig Shape(string form)
    {
        VitConfig plain = (VitConfig)ModelRegistry.Resolve(Small);
        return form switch
        {
            "swiglu" => plain with { SwiGlu = true },
            "prenorm" => plain with { PreNorm = true },
            "qkv bias off" => plain with { QkvBias = false },
            "headless" => plain with { Classes = 0 },
            "headless distilled" => plain with { Classes = 0, Distilled = true },
            "one head" => plain with { Heads = 1, Depth = 1, MlpHidden = 40 },
            "epsilon" => plain with { LayerNormEpsilon = 1e-2 },
            _ => ModelRegistry.Resolve(form),
        };
    }
}
