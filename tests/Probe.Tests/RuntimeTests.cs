// Scores by ONNX Runtime beside scores by libtorch.

using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Onnx;
using DataFreeKD.Onnx.Running;

namespace DataFreeKD.Probe.Tests;

public sealed class RuntimeTests
{
    private static readonly string[] Everything = ["logits", "features", "probe_entropy", "views", "react_energy"];

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void Every_column_agrees_with_libtorchs(int classes)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 37, brokenEvery: 7);
        ScoreOptions options = new()
        {
            Sources = [images],
            Teacher = world.Teacher(classes),
            Output = world["torch.csv"],
            Blocks = [],
            ExtraScores = Everything,
            BatchSize = 8,
            EmbeddingsPath = world["torch.npy"],
        };

        ScoringWorld.Score(options);
        ScoringWorld.Score(options with { Output = world["onnx.csv"], EmbeddingsPath = world["onnx.npy"], Runtime = TeacherRuntime.Onnx });

        Agree(world["torch.csv"], world["onnx.csv"], 1e-4);
        using EmbeddingReader expected = EmbeddingReader.Open(world["torch.npy"]),
            found = EmbeddingReader.Open(world["onnx.npy"]);
        Assert.Equal(expected.Rows, found.Rows);
    }

    [Fact]
    public void A_distilled_teacher_agrees_too()
    {
        using ScoringWorld world = new();
        using (
            VisionTransformer model = new(
                new VitConfig
                {
                    ImageSize = 8,
                    PatchSize = 4,
                    Width = 12,
                    Depth = 3,
                    Heads = 3,
                    MlpHidden = 24,
                    Classes = 5,
                    Distilled = true,
                },
                4
            )
        )
            ModelStore.Save(world["distilled"], model, new Preprocessing { ImageSize = 8, CropPct = 1 }, []);
        ScoreOptions options = new()
        {
            Sources = [world.Images("images", 9)],
            Teacher = world["distilled"],
            Output = world["torch.csv"],
            ExtraScores = Everything,
        };

        ScoringWorld.Score(options);
        ScoringWorld.Score(options with { Output = world["onnx.csv"], Runtime = TeacherRuntime.Onnx });

        Agree(world["torch.csv"], world["onnx.csv"], 1e-4);
    }

    [Fact]
    public void Int8_is_near_and_the_provenance_says_which_runtime_it_was()
    {
        using ScoringWorld world = new();
        ScoreOptions options = new()
        {
            Sources = [world.Images("images", 20)],
            Teacher = world.Teacher(),
            Output = world["torch.csv"],
        };

        ScoringWorld.Score(options);
        ScoringWorld.Score(options with { Output = world["int8.csv"], Runtime = TeacherRuntime.OnnxInt8 });

        Assert.Throws<Xunit.Sdk.TrueException>(() => Agree(world["torch.csv"], world["int8.csv"], 1e-6));
        Agree(world["torch.csv"], world["int8.csv"], 0.5);
        Assert.Equal("onnx, int8 dynamic", Provenance.ReadBeside(world["int8.csv"])!.Options["runtime"]);
        Assert.DoesNotContain("runtime", Provenance.ReadBeside(world["torch.csv"])!.Options.Keys);
    }

    [Fact]
    public void Bfloat16_is_near_and_the_provenance_says_so()
    {
        using ScoringWorld world = new();
        ScoreOptions options = new()
        {
            Sources = [world.Images("images", 20)],
            Teacher = world.Teacher(),
            Output = world["exact.csv"],
        };
        ScoreOptions rounded = options with { Output = world["bf16.csv"], Precision = Precision.BFloat16 };

        ScoringWorld.Score(options);
        try
        {
            ScoringWorld.Score(rounded);
        }
        catch (ModelException error)
        {
            Assert.Skip(error.Message);
        }

        Assert.Throws<Xunit.Sdk.TrueException>(() => Agree(world["exact.csv"], world["bf16.csv"], 1e-6));
        Agree(world["exact.csv"], world["bf16.csv"], 0.1);
        Assert.Equal("bf16", Provenance.ReadBeside(world["bf16.csv"])!.Options["precision"]);
        Assert.DoesNotContain("precision", Provenance.ReadBeside(world["exact.csv"])!.Options.Keys);
        Assert.Contains(
            "Precision bf16",
            Assert
                .Throws<ScoreException>(() => ScoringWorld.Score(rounded with { Output = world["x.csv"], Runtime = TeacherRuntime.Onnx }))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_onnx_runtime_cannot_do_is_refused_before_anything_is_written()
    {
        using ScoringWorld world = new();
        ScoreOptions options = new()
        {
            Sources = [world.Images("images", 2)],
            Teacher = world.Teacher(),
            Output = world["scores.csv"],
            Runtime = TeacherRuntime.Onnx,
        };

        Assert.Contains(
            "rollout_entropy, rollout_variance",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(options with { ExtraScores = ["all"] })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Device cuda",
            Assert
                .Throws<ScoreException>(() => ScoringWorld.Score(options with { Runtime = TeacherRuntime.OnnxInt8, Device = "cuda" }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "device 'gpu' is unknown",
            Assert.Throws<ModelException>(() => ScoringWorld.Score(options with { Device = "gpu" })).Message,
            StringComparison.Ordinal
        );
        // A build or a machine without CUDA: one line that says which, and nothing taken instead.
        Assert.Contains(
            OnnxCuda.InThisBuild ? "cannot use cuda:99" : "built without CUDA",
            Assert.Throws<OnnxException>(() => ScoringWorld.Score(options with { Device = "cuda:99" })).Message,
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(world["scores.csv"]));
    }

    private static void Agree(string expectedTable, string foundTable, double relative)
    {
        List<TableRow> expected = ScoringWorld.Rows(expectedTable),
            found = ScoringWorld.Rows(foundTable);
        Assert.Equal(expected.Count, found.Count);
        foreach ((TableRow a, TableRow b) in expected.Zip(found))
        {
            Assert.Equal(a.Header.Columns, b.Header.Columns);
            foreach (string column in a.Header.Columns)
            {
                if (
                    !double.TryParse(a[column], out double x)
                    || !double.TryParse(b[column], out double y)
                    || column is "path" or "sha256" or "prediction"
                )
                    continue;
                Assert.True(
                    double.IsNaN(x) ? double.IsNaN(y) : Math.Abs(x - y) <= (relative * Math.Abs(x)) + 1e-6,
                    $"{column} of {a["path"]}: {x} and {y}"
                );
            }
        }
    }
}
