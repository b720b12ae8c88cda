// Parity of the probe and of every output score with timm and PyTorch on the same weights.

using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Tests;

public sealed class GoldenScoreTests
{
    [Theory]
    [InlineData("vit_timm.safetensors", "vit_timm.expected.safetensors")]
    [InlineData("deit_distilled.safetensors", "deit_distilled.expected.safetensors")]
    public void Probes_are_those_of_the_reference(string checkpoint, string expected)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", expected));
        using LoadedModel loaded = ModelStore.Load(SharedData.Path("golden", checkpoint), heads: 3);
        int[] blocks = [.. Enumerable.Range(0, ((VitConfig)loaded.Model.Config).Depth)];

        ModelOutput output = loaded.Model.Run(golden["input"], new ModelCapture { ClsRowBlocks = blocks });

        foreach (int block in blocks)
        {
            Tensor probe = AttentionProbe.FromClsRows(output.ClsRows[block]);
            Assert.InRange((probe - golden["probe"][block]).abs().max().ToDouble(), 0, 1e-5);
            Assert.InRange(Relative(AttentionProbe.Variance(probe), golden["probe_variance"][block]), 0, 1e-5);
            Assert.InRange(Relative(AttentionProbe.Cosine(probe), golden["probe_cosine"][block]), 0, 1e-5);
        }
    }

    [Theory]
    [InlineData("confidence")]
    [InlineData("entropy")]
    [InlineData("energy")]
    [InlineData("pseudo_label_ce")]
    public void Output_scores_are_those_of_the_reference(string column)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "vit_timm.expected.safetensors"));

        Tensor actual = OutputScore.All.Single(score => score.Column == column).Compute(golden["logits"].to(ScalarType.Float64));

        Assert.InRange(Relative(actual, golden[column]), 0, 1e-5);
    }

    [Fact]
    public void Cosine_is_the_root_of_one_over_one_plus_variance()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(7, CPU);
        Tensor rows = rand(200, 3, 64, generator: generator).pow(rand(200, 1, 1, generator: generator) * 20);

        Tensor probe = AttentionProbe.FromClsRows(rows);
        Tensor predicted = 1 / (1 + AttentionProbe.Variance(probe)).sqrt();

        Assert.InRange((AttentionProbe.Cosine(probe) - predicted).abs().max().ToDouble(), 0, 1e-12);
    }

    [Fact]
    public void A_uniform_row_has_no_variance()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor probe = AttentionProbe.FromClsRows(full([2, 3, 16], 0.03f));

        Assert.InRange(AttentionProbe.Variance(probe).abs().max().ToDouble(), 0, 1e-15);
        Assert.InRange((AttentionProbe.Cosine(probe) - 1).abs().max().ToDouble(), 0, 1e-15);
    }

    private static double Relative(Tensor actual, Tensor expected) =>
        ((actual - expected) / expected.abs().clamp_min(1e-12)).abs().max().ToDouble();
}
