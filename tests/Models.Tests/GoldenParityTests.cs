// What timm and transformers compute with the same weights, held to absolute tolerances.

using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class GoldenParityTests(ITestOutputHelper output)
{
    // Block outputs of these random weights reach tens, logits a few units. fp16 keeps 11 bits and bf16 8: the weights themselves are off
    // by 2^-12 and 2^-9 of their size, and four blocks carry that on.
    [Theory]
    [InlineData("vit_timm.safetensors", "vit_timm", null, 1e-4, 1e-5, 1e-4)]
    [InlineData("vit_timm_plain.pth", "vit_timm", 3, 1e-4, 1e-5, 1e-4)]
    [InlineData("vit_timm_deit_style.pth", "vit_timm", 3, 1e-4, 1e-5, 1e-4)]
    [InlineData("deit_distilled.safetensors", "deit_distilled", 3, 1e-4, 1e-5, 1e-4)]
    [InlineData("vit_timm_fp16.safetensors", "vit_timm", 3, 5e-3, 2e-3, 3e-2)]
    [InlineData("vit_timm_bf16.safetensors", "vit_timm", 3, 5e-2, 2e-2, 3e-1)]
    public void A_checkpoint_gives_what_timm_computes(
        string file,
        string expected,
        int? heads,
        double logitsTolerance,
        double rowTolerance,
        double blockTolerance
    )
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel loaded = ModelStore.Load(SharedData.Path("golden", file), heads);
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", expected + ".expected.safetensors"));
        ModelOutput got = RunAll(loaded.Model, golden["input"]);

        Near("logits", got.Logits!, golden["logits"], logitsTolerance);
        if (golden.TryGetValue("logits_cls", out Tensor? cls))
            Near("logits_cls", got.LogitsCls!, cls, logitsTolerance);
        if (golden.TryGetValue("logits_dist", out Tensor? dist))
            Near("logits_dist", got.LogitsDist!, dist, logitsTolerance);
        Tensor rows = Stack(got.ClsRows);
        Near("cls_row", rows, golden["cls_row"], rowTolerance);
        Tensor probe = rows.mean([2]);
        Near("probe", probe / probe.sum(-1, keepdim: true), golden["probe"], rowTolerance);
        if (golden.TryGetValue("attention", out Tensor? attention))
            Near("attention", Stack(got.Qkv.ToDictionary(pair => pair.Key, pair => pair.Value.Attention())), attention, rowTolerance);
        if (golden.TryGetValue("block_output", out Tensor? blocks))
            Near("block_output", Stack(got.Hidden), blocks, blockTolerance);
        Assert.Equal(golden["prediction"].data<long>().ToArray(), got.Logits!.argmax(1).data<long>().ToArray());
    }

    [Theory]
    [InlineData("vit_timm_fp16.safetensors", ScalarType.Float16)]
    [InlineData("vit_timm_bf16.safetensors", ScalarType.BFloat16)]
    public void A_half_precision_copy_loads_as_exactly_the_rounded_weights(string file, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        using LoadedModel full = ModelStore.Load(SharedData.Path("golden", "vit_timm.safetensors")),
            half = ModelStore.Load(SharedData.Path("golden", file), 3);
        foreach ((string name, Tensor tensor) in half.Model.StateDict())
        {
            Assert.Equal(ScalarType.Float32, tensor.dtype);
            Assert.True(full.Model.StateDict()[name].to(type).to(ScalarType.Float32).eq(tensor).all().item<bool>(), name);
        }
    }

    [Fact]
    public void The_hugging_face_layout_gives_what_transformers_computes()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel loaded = ModelStore.Load(SharedData.Path("golden", "vit_hf"));
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "vit_hf", "expected.safetensors"));
        ModelOutput got = RunAll(loaded.Model, golden["input"]);

        Near("logits", got.Logits!, golden["logits"], 1e-4);
        Near("cls_row", Stack(got.ClsRows), golden["attention"].select(3, 0).narrow(3, 1, 64), 1e-5);
        Assert.Equal(1e-12, ((VitConfig)loaded.Model.Config).LayerNormEpsilon);
        Assert.Equal("class_3", loaded.ClassNames[3]);
        Assert.Equal(
            new Preprocessing
            {
                ImageSize = 32,
                CropPct = 1,
                Squash = true,
                Interpolation = Interpolation.Bilinear,
                Mean = [0.5f, 0.5f, 0.5f],
                Std = [0.5f, 0.5f, 0.5f],
            },
            loaded.Preprocessing
        );
    }

    [Theory]
    [InlineData("to_12x12", 12, 12)]
    [InlineData("to_5x7", 5, 7)]
    public void Position_embeddings_are_resampled_as_timm_does(string name, int height, int width)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "pos_embed.expected.safetensors"));
        Near(name, PositionEmbedding.Resample(golden["pos_embed_8x8"], 1, height, width), golden[name], 1e-5);
    }

    private static ModelOutput RunAll(ImageModel model, Tensor input)
    {
        int[] all = [.. Enumerable.Range(0, ((VitConfig)model.Config).Depth)];
        ModelOutput full = model.Run(
            input,
            new ModelCapture
            {
                ClsRowBlocks = all,
                HiddenBlocks = all,
                QkvBlocks = all,
            }
        );
        // The shortened last block must give the same figures as the full one.
        ModelOutput shortened = model.Run(input, new ModelCapture { ClsRowBlocks = all });
        Assert.True((full.Logits! - shortened.Logits!).abs().max().item<float>() < 1e-5);
        // Queries, keys and values of the last block alone need all its tokens too.
        ModelOutput parts = model.Run(input, new ModelCapture { QkvBlocks = [all[^1]] });
        Assert.True((full.Logits! - parts.Logits!).abs().max().item<float>() < 1e-5);
        Assert.True((full.Qkv[all[^1]].Values - parts.Qkv[all[^1]].Values).abs().max().item<float>() < 1e-5);
        return shortened with { Hidden = full.Hidden, Qkv = full.Qkv };
    }

    private static Tensor Stack(IReadOnlyDictionary<int, Tensor> byBlock) => stack(byBlock.OrderBy(p => p.Key).Select(p => p.Value));

    private void Near(string what, Tensor got, Tensor expected, double tolerance)
    {
        Assert.Equal(expected.shape, got.shape);
        double worst = (got.to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().item<double>();
        output.WriteLine($"{what}: worst absolute error {worst:e2} (tolerance {tolerance:e0})");
        Assert.True(worst <= tolerance, $"{what} is off by {worst:e2}, more than {tolerance:e0}");
    }
}
