// Parity with what timm and transformers computed from the same weights (independent code).

using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class GoldenParityTests
{
    /// <summary>Checkpoint, expected tensors, tolerance on logits. Half formats lose what their mantissa cannot hold.</summary>
    public static TheoryData<string, string, double> Checkpoints { get; } = new()
    {
        { "vit_timm.safetensors", "vit_timm.expected.safetensors", 1e-5 },
        { "vit_timm_plain.pth", "vit_timm.expected.safetensors", 1e-5 },
        { "vit_timm_deit_style.pth", "vit_timm.expected.safetensors", 1e-5 },
        { "vit_timm_fp16.safetensors", "vit_timm.expected.safetensors", 1e-2 },
        { "vit_timm_bf16.safetensors", "vit_timm.expected.safetensors", 5e-2 },
        { "deit_distilled.safetensors", "deit_distilled.expected.safetensors", 1e-5 },
        { "vit_hf", "vit_hf/expected.safetensors", 1e-5 },
    };

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Logits_are_those_of_the_reference(string checkpoint, string expected, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", expected));
        using LoadedModel loaded = ModelStore.Load(SharedData.Path("golden", checkpoint), heads: 3);

        VitOutput output = loaded.Model.Run(golden["input"], VitCapture.None);

        double worst = Worst(output.Logits!, golden["logits"]);
        TestContext.Current.SendDiagnosticMessage($"{checkpoint}: logits differ by at most {worst:g3}");
        Assert.InRange(worst, 0, tolerance);
    }

    [Theory]
    [InlineData("vit_timm.safetensors", "vit_timm.expected.safetensors")]
    [InlineData("deit_distilled.safetensors", "deit_distilled.expected.safetensors")]
    public void Cls_rows_and_block_outputs_are_those_of_the_reference(string checkpoint, string expected)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", expected));
        using LoadedModel loaded = ModelStore.Load(SharedData.Path("golden", checkpoint), heads: 3);
        int[] blocks = [.. Enumerable.Range(0, loaded.Model.Config.Depth)];

        VitOutput output = loaded.Model.Run(golden["input"], new VitCapture { ClsRowBlocks = blocks, HiddenBlocks = blocks });

        foreach (int block in blocks)
        {
            Assert.InRange(Worst(output.ClsRows[block], golden["cls_row"][block]), 0, 1e-5);
            if (golden.TryGetValue("block_output", out Tensor? outputs)) Assert.InRange(Worst(output.Hidden[block], outputs[block]), 0, 1e-4);
        }
    }

    [Fact]
    public void Both_heads_of_a_distilled_model_are_given()
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "deit_distilled.expected.safetensors"));
        using LoadedModel loaded = ModelStore.Load(SharedData.Path("golden", "deit_distilled.safetensors"), heads: 3);

        VitOutput output = loaded.Model.Run(golden["input"], VitCapture.None);

        Assert.InRange(Worst(output.LogitsCls!, golden["logits_cls"]), 0, 1e-5);
        Assert.InRange(Worst(output.LogitsDist!, golden["logits_dist"]), 0, 1e-5);
    }

    private static double Worst(Tensor actual, Tensor expected)
    {
        Assert.Equal(expected.shape, actual.shape);
        return (actual - expected).abs().max().ToDouble();
    }
}
