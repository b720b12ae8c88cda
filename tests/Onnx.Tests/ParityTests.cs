// Graphs in ONNX Runtime give what libtorch and timm give.

using System.Text.Json;
using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Models.Tests;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Tests;

public sealed class ParityTests(ITestOutputHelper output)
{
    private sealed record Golden(string Name, string Spec, int Image, float[][] Logits);

    private sealed record GoldenStudent(string Spec, float[][][] Logits);

    private static Golden[] Peers { get; } = Read<Golden[]>("families.json");

    public static TheoryData<string> Forms => OnnxWorld.Forms;

    public static TheoryData<string> Families => OnnxWorld.Families;

    public static TheoryData<string> PeerNames => [.. Peers.Select(golden => golden.Name)];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_form_gives_libtorchs_figures_at_any_batch_size(string form)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel model = OnnxWorld.Model(form);
        int[] blocks = [.. Enumerable.Range(0, ((VitConfig)model.Model.Config).Depth)];
        using OnnxModel onnx = OnnxModel.Open(
            OnnxGraph
                .Float(
                    model,
                    new GraphOptions
                    {
                        ProbeBlocks = blocks,
                        Embedding = true,
                        Features = true,
                    }
                )
                .ToBytes(),
            1
        );

        foreach (int images in (int[])[1, 3])
        {
            PixelBatch batch = OnnxWorld.Pixels(model, images);
            ModelOutput expected = OnnxWorld.Libtorch(model, batch, blocks);
            if (expected.Logits is { } logits)
                Near(OnnxNames.Logits, logits, onnx.Run(batch, OnnxNames.Logits), 1e-5);
            else
                Assert.DoesNotContain(OnnxNames.Logits, onnx.Outputs);
            Near(OnnxNames.Embedding, expected.Embedding, onnx.Run(batch, OnnxNames.Embedding), 1e-5);
            Near(OnnxNames.Features, expected.HeadEmbeddings!, onnx.Run(batch, OnnxNames.Features), 1e-5);
            foreach (int block in blocks)
            {
                Tensor mean = expected.ClsRows[block].mean([1]);
                Near(OnnxNames.Probe(block), mean / mean.sum(-1, keepdim: true), onnx.Run(batch, OnnxNames.Probe(block)), 1e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_family_gives_libtorchs_figures_at_any_batch_size(string form)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel model = OnnxWorld.Model(form);
        using OnnxModel onnx = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions { Embedding = true, Features = true }).ToBytes(), 1);

        foreach (int images in (int[])[1, 3])
        {
            PixelBatch batch = OnnxWorld.Pixels(model, images);
            ModelOutput expected = OnnxWorld.Libtorch(model, batch);
            // Weights are drawn, and a deep network of them gives large figures.
            double unit = Math.Max(1, (expected.Logits ?? expected.Embedding).abs().max().item<float>()),
                inner = Math.Max(1, expected.Embedding.abs().max().item<float>());
            if (expected.Logits is { } logits)
                Near(OnnxNames.Logits, logits, onnx.Run(batch, OnnxNames.Logits), 1e-5 * unit);
            else
                Assert.DoesNotContain(OnnxNames.Logits, onnx.Outputs);
            Near(OnnxNames.Embedding, expected.Embedding, onnx.Run(batch, OnnxNames.Embedding), 1e-5 * inner);
            Near(OnnxNames.Features, expected.Embedding, onnx.Run(batch, OnnxNames.Features), 1e-5 * inner);
        }
    }

    // tests/peers/family_models.py golden
    [Theory]
    [MemberData(nameof(PeerNames))]
    public void Every_family_gives_what_the_peers_compute(string name)
    {
        Golden golden = Peers.Single(entry => entry.Name == name);
        HoldToPeer(
            name,
            ModelRegistry.Resolve(golden.Spec) with
            {
                ImageSize = golden.Image,
                Classes = 10,
            },
            [.. golden.Logits.SelectMany(row => row)]
        );
    }

    // tests/peers/coadvise.py
    [Fact]
    public void A_student_of_three_tokens_gives_the_mean_of_the_peers_heads()
    {
        GoldenStudent golden = Read<GoldenStudent>("coadvise.json");
        HoldToPeer(
            "co-advise",
            ModelRegistry.Resolve(golden.Spec),
            [.. Enumerable.Range(0, 20).Select(at => golden.Logits.Average(head => head[at / 10][at % 10]))]
        );
    }

    private void HoldToPeer(string name, ModelConfig config, float[] expected)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        ImageModel network = config.Create();
        FormulaWeights.Fill(network);
        network.eval();
        using LoadedModel model = new(network, new Preprocessing { ImageSize = config.ImageSize }, [], "memory");
        using OnnxModel onnx = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions()).ToBytes(), 1);
        PixelBatch batch = new(FormulaWeights.Picture(config.ImageSize).contiguous().data<float>().ToArray(), 2);
        Near(name, tensor(expected), onnx.Run(batch, OnnxNames.Logits), 2e-5);
    }

    private static T Read<T>(string file) =>
        JsonSerializer.Deserialize<T>(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", file)),
            JsonSerializerOptions.Web
        )!;

    [Theory]
    [InlineData("vit_timm.safetensors", "vit_timm", null)]
    [InlineData("deit_distilled.safetensors", "deit_distilled", 3)]
    public void A_checkpoint_gives_what_timm_computes(string file, string expected, int? heads)
    {
        using DisposeScope scope = NewDisposeScope();
        using LoadedModel model = ModelStore.Load(SharedData.Path("golden", file), heads);
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", expected + ".expected.safetensors"));
        int[] blocks = [.. Enumerable.Range(0, ((VitConfig)model.Model.Config).Depth)];
        using OnnxModel onnx = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions { ProbeBlocks = blocks }).ToBytes(), 1);
        PixelBatch batch = new(golden["input"].contiguous().data<float>().ToArray(), (int)golden["input"].shape[0]);

        Near("logits", golden["logits"], onnx.Run(batch, OnnxNames.Logits), 1e-4);
        foreach (int block in blocks)
            Near($"probe {block}", golden["probe"].select(0, block), onnx.Run(batch, OnnxNames.Probe(block)), 1e-5);
    }

    private void Near(string what, Tensor expected, float[] found, double tolerance)
    {
        double worst = OnnxWorld.Furthest(expected.contiguous(), found);
        output.WriteLine($"{what}: worst absolute error {worst:e2} (tolerance {tolerance:e0})");
        Assert.True(worst <= tolerance, $"{what} is off by {worst:e2}, more than {tolerance:e0}");
    }
}
