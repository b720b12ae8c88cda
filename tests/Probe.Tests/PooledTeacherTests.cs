// Teachers without a class token to probe, and teachers whose figures are no numbers.

using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Onnx;
using TorchSharp;

namespace DataFreeKD.Probe.Tests;

public sealed class PooledTeacherTests
{
    [Theory]
    [InlineData("pool=avg,fcnorm,nocls", 0, 1)]
    [InlineData("pool=avg", 0, 1)]
    [InlineData("pool=map,nocls", 0, 1)]
    [InlineData("pool=token+avg", 0, 1)]
    public void A_teacher_that_pools_its_patches_is_probed_and_scored(string keys, int first, int last)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, keys);
        ScoreSummary summary = ScoringWorld.Score(options with { ExtraScores = ["logits", "features"] });
        Assert.Equal([first, last], summary.Blocks);
        foreach (TableRow row in ScoringWorld.Rows(options.Output))
        {
            Assert.Equal(Status.Ok, row["status"]);
            foreach (
                string column in new[]
                {
                    "entropy",
                    "energy",
                    Columns.ProbeVariance(first),
                    Columns.ProbeVariance(last),
                    "feature_norm",
                    "weight_cosine",
                }
            )
                Assert.NotEqual("", row[column]);
        }
    }

    [Fact]
    public void Rollout_is_refused_where_no_class_token_is_read()
    {
        using ScoringWorld world = new();
        ScoreException refusal = Assert.Throws<ScoreException>(() =>
            ScoringWorld.Score(Options(world, "pool=avg") with { ExtraScores = ["rollout_entropy"] })
        );
        Assert.Contains("rollout_entropy", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pool=avg", "pooling")]
    [InlineData("act=quick_gelu", "QuickGelu")]
    [InlineData("qknorm", "queries")]
    public void What_a_graph_does_not_compute_is_refused_by_name(string keys, string named)
    {
        using ScoringWorld world = new();
        Assert.Contains(
            named,
            Assert.Throws<OnnxException>(() => ScoringWorld.Score(Options(world, keys) with { Runtime = TeacherRuntime.Onnx })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Figures_that_are_not_finite_fail_their_row()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, "act=relu", model =>
        {
            using IDisposable off = torch.no_grad();
            model.StateDict()["blocks.1.mlp.fc2.weight"].fill_(3e38f);
            model.StateDict()["blocks.1.mlp.fc1.bias"].fill_(3e38f);
        });
        ScoringWorld.Score(options);
        Assert.All(ScoringWorld.Rows(options.Output), row =>
            Assert.Equal((Status.Failed, "not_finite", ""), (row["status"], row["reason"], row["entropy"]))
        );
    }

    [Fact]
    public void The_provenance_says_how_the_teacher_was_read()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, "act=quick_gelu");
        ScoringWorld.Score(options);
        Assert.Contains(
            "activation quick_gelu (",
            File.ReadAllText(Path.ChangeExtension(options.Output, ".json")),
            StringComparison.Ordinal
        );
    }

    private static ScoreOptions Options(ScoringWorld world, string keys, Action<ImageModel>? change = null)
    {
        using ImageModel model = ModelRegistry.Resolve($"vit:img=8,patch=4,dim=12,depth=2,heads=3,classes=5,{keys}").Create(2);
        change?.Invoke(model);
        ModelStore.Save(world["pooled"], model, new Preprocessing { ImageSize = 8, CropPct = 1 }, []);
        return ScoreRunTests.Options(world, world.Images("images", 3)) with { Teacher = world["pooled"] };
    }
}
