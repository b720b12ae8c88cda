// Teachers without attention: other families of checkpoints, and any classifier in ONNX.

using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Onnx;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Running;
using Google.Protobuf;

namespace DataFreeKD.Probe.Tests;

public sealed class LogitTeacherTests
{
    private static readonly string[] Outputs = ["confidence", "entropy", "energy", "pseudo_label_ce"];

    [Theory]
    [InlineData("resnet:depth=10,img=16,stem=3,width=8,classes=5")]
    [InlineData("rednet:depth=26,img=16,stem=3,width=16,classes=5")]
    [InlineData("tinyvit:img=16,stem=1,dims=8/16/24/32,depths=1/1/1/1,heads=1/2/3/4,classes=5")]
    public void A_family_without_attention_is_scored_by_its_logits_and_features(string spec)
    {
        using ScoringWorld world = new();
        using LoadedModel model = Model(world, spec, out string directory);
        ScoreOptions options = Options(world, directory) with { ExtraScores = ["all"], KeepEmbeddings = true };
        ScoreSummary summary = ScoringWorld.Score(options);
        Assert.Empty(summary.Blocks);
        Assert.NotNull(summary.Embeddings);
        foreach (TableRow row in ScoringWorld.Rows(options.Output))
        {
            Assert.Equal(Status.Ok, row["status"]);
            foreach (string column in (string[])[.. Outputs, "feature_norm", "weight_cosine", "react_energy", "view_kl", "intact"])
                Assert.NotEqual("", row[column]);
            foreach (string column in new[] { "rollout_entropy", "rollout_variance" })
                Assert.Equal("", row[column]);
        }
    }

    [Fact]
    public void An_onnx_file_gives_the_figures_of_the_network_that_it_was_made_of()
    {
        using ScoringWorld world = new();
        using LoadedModel model = Model(world, "resnet:depth=10,img=16,stem=3,width=8,classes=5", out string directory);
        File.WriteAllBytes(world["exported.onnx"], OnnxGraph.Float(model, new GraphOptions()).ToBytes());
        ScoreOptions options = Options(world, directory),
            other = options with { Teacher = world["exported.onnx"], Output = world["onnx.csv"], KeepEmbeddings = true };
        ScoringWorld.Score(options);
        Assert.Null(ScoringWorld.Score(other).Embeddings);
        List<TableRow> expected = ScoringWorld.Rows(options.Output),
            found = ScoringWorld.Rows(other.Output);
        Assert.Equal(expected.Count, found.Count);
        Assert.Equal(expected.Select(row => row["predicted_name"]), found.Select(row => row["predicted_name"]));
        foreach ((TableRow first, TableRow second) in expected.Zip(found))
        {
            foreach (string column in Outputs)
                Assert.Equal(Number(first, column), Number(second, column), 1e-4);
        }
    }

    [Fact]
    public void A_softmax_at_the_end_of_a_graph_is_taken_off()
    {
        using ScoringWorld world = new();
        using LoadedModel model = Model(world, "resnet:depth=10,img=16,stem=3,width=8,classes=5", out string _);
        ModelProto graph = ModelProto.Parser.ParseFrom(OnnxGraph.Float(model, new GraphOptions()).ToBytes());
        File.WriteAllBytes(world["plain.onnx"], graph.ToByteArray());
        NodeProto softmax = new() { OpType = "Softmax", Name = "probabilities" };
        softmax.Input.Add("logits");
        softmax.Output.Add("probabilities");
        graph.Graph.Node.Add(softmax);
        graph.Graph.Output[0].Name = "probabilities";
        File.WriteAllBytes(world["softmax.onnx"], graph.ToByteArray());
        using OnnxClassifier plain = OnnxClassifier.Open(world["plain.onnx"]),
            ended = OnnxClassifier.Open(world["softmax.onnx"]);
        float[] pixels = [.. Enumerable.Range(0, 2 * 3 * 16 * 16).Select(i => MathF.Sin(i))];
        Assert.Equal(plain.Logits(pixels, 2), ended.Logits(pixels, 2));
        Assert.Contains(ended.Input.Notes, note => note.Contains("Softmax", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_metadata_or_a_file_beside_it_preprocessing_is_assumed_and_a_file_tells_it()
    {
        using ScoringWorld world = new();
        using LoadedModel model = Model(world, "resnet:depth=10,img=16,stem=3,width=8,classes=5", out string _);
        ModelProto graph = ModelProto.Parser.ParseFrom(OnnxGraph.Float(model, new GraphOptions()).ToBytes());
        graph.MetadataProps.Clear();
        File.WriteAllBytes(world["bare.onnx"], graph.ToByteArray());
        using (OnnxClassifier bare = OnnxClassifier.Open(world["bare.onnx"]))
            Assert.Contains("mean", ModelFact.Assumed(bare.Input.Facts), StringComparison.Ordinal);
        File.WriteAllText(
            world["bare.json"],
            """{"pretrained_cfg": {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear", "crop_pct": 0.875, "crop_mode": "center", "input_size": [3, 16, 16]}}"""
        );
        using (OnnxClassifier told = OnnxClassifier.Open(world["bare.onnx"]))
        {
            Assert.Null(ModelFact.Assumed(told.Input.Facts));
            Assert.Equal([0.1f, 0.2f, 0.3f], told.Input.Preprocessing.Mean);
            Assert.Equal(0.875, told.Input.Preprocessing.CropPct);
        }
        File.WriteAllText(world["bare.json"], """{"num_classes": 7, "mean": [0.1, 0.2, 0.3]}""");
        Assert.Contains(
            "num_classes",
            Assert.Throws<ModelException>(() => OnnxClassifier.Open(world["bare.onnx"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_is_no_classifier_of_pixels_is_refused_by_name()
    {
        using ScoringWorld world = new();
        using LoadedModel model = Model(world, "resnet:depth=10,img=16,stem=3,width=8,classes=5", out string directory);
        File.WriteAllBytes(world["bytes.onnx"], OnnxGraph.Float(model, new GraphOptions { WithPreprocessing = true }).ToBytes());
        File.WriteAllText(world["text.onnx"], "no graph");
        Assert.Contains("WithPreprocessing", Refusal("bytes.onnx"), StringComparison.Ordinal);
        Assert.Contains("ONNX", Refusal("text.onnx"), StringComparison.Ordinal);
        ScoreOptions options = Options(world, directory);
        Assert.Contains(
            "Blocks 1",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(options with { Blocks = [1] })).Message,
            StringComparison.Ordinal
        );

        string Refusal(string name) => Assert.Throws<OnnxException>(() => OnnxClassifier.Open(world[name])).Message;
    }

    private static double Number(TableRow row, string column) =>
        double.Parse(row[column]!, System.Globalization.CultureInfo.InvariantCulture);

    private static ScoreOptions Options(ScoringWorld world, string teacher) =>
        new()
        {
            Sources = [world.Images("images", 9)],
            Teacher = teacher,
            Output = world["scores.csv"],
            Workers = 1,
        };

    private static LoadedModel Model(ScoringWorld world, string spec, out string directory)
    {
        ImageModel model = ModelRegistry.Resolve(spec).Create(1);
        Models.Tests.FormulaWeights.Fill(model);
        model.eval();
        directory = world["model"];
        Preprocessing input = new()
        {
            ImageSize = 16,
            CropPct = 1,
            Mean = [0.4f, 0.5f, 0.6f],
            Std = [0.2f, 0.25f, 0.3f],
        };
        string[] names = [.. Enumerable.Range(0, 5).Select(index => $"class {index}")];
        ModelStore.Save(directory, model, input, names);
        return new LoadedModel(model, input, names, directory);
    }
}
