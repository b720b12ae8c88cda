// Parity of the scores that are written when asked for: with their equations computed elsewhere, and with timm's models.

using System.Text.Json;
using DataFreeKD.Models;
using DataFreeKD.Models.Tests;
using DataFreeKD.Probe.Scores;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Tests;

/// <summary>The references are those of <c>tests/peers/scores.py</c>.</summary>
public sealed class ExtraScoreTests
{
    private static readonly JsonElement References = JsonDocument
        .Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "References", "scores.json")))
        .RootElement;
    private static readonly JsonElement Functions = References.GetProperty("functions"),
        Models = References.GetProperty("models");

    private static readonly Dictionary<string, Func<Tensor>> Equations = new()
    {
        ["max_logit"] = () => MaxLogit.Of(Input("logits")),
        ["margin"] = () => Margin.Of(Input("logits")),
        ["gen"] = () => GeneralisedEntropy.Of(Input("logits")),
        ["gen_of_3"] = () => GeneralisedEntropy.Of(Input("logits"), most: 3),
        ["feature_norm"] = () => FeatureNorm.Of(Input("features")),
        ["weight_cosine"] = () => WeightCosine.Of(Input("features"), Heads()),
        ["react_energy"] = () => ReactEnergy.Of(Input("features"), Heads(), Functions.GetProperty("clip").GetDouble()),
        ["row_entropy"] = () => RowEntropy.Of(Shares("rows")),
        ["rollout"] = () => AttentionRollout.ClsRow([.. Shares("maps").unbind(0)], Prefix),
        ["view_agreement"] = () => ViewAgreement.Of(Input("logits"), [.. Input("views").unbind(0)]),
        ["view_kl"] = () => ViewDivergence.Of(Input("logits"), [.. Input("views").unbind(0)]),
        ["image_views"] = () => stack(ImageViews.Of(Input("pixels"), ImageViews.Most)),
    };

    private static int Prefix => Functions.GetProperty("prefix").GetInt32();

    public static TheoryData<string> Referenced => [.. Functions.GetProperty("expected").EnumerateObject().Select(entry => entry.Name)];

    public static TheoryData<int, string> TimmModels =>
        [
            .. Enumerable
                .Range(0, Models.GetArrayLength())
                .Select(number => new TheoryDataRow<int, string>(number, Models[number].GetProperty("spec").GetString()!)),
        ];

    [Theory]
    [MemberData(nameof(Referenced))]
    public void A_score_equals_its_equation_computed_elsewhere(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        double[] expected = Numbers(Functions.GetProperty("expected").GetProperty(name)),
            actual = [.. Equations[name]().contiguous().data<double>()];

        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair =>
            Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1e-10 * Math.Max(1, Math.Abs(pair.First)))
        );
    }

    [Theory]
    [MemberData(nameof(TimmModels))]
    public void Every_column_is_that_of_the_same_model_in_timm(int number, string spec)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        JsonElement reference = Models[number];
        using VisionTransformer network = (VisionTransformer)ModelRegistry.Resolve(spec).Create();
        FormulaWeights.Fill(network);
        network.eval();
        int[] blocks = [0, 1, 2];

        TeacherAnswer answer = TeacherAnswer.Of(network, FormulaWeights.Picture(32), blocks, rollout: true, views: 5) with
        {
            ReactClip = reference.GetProperty("clip").GetDouble(),
        };
        Dictionary<string, Tensor> actual = ExtraScore
            .All.Where(score => !score.Needs.HasFlag(ScoreNeeds.CorruptionModel)) // Learned from a pool: CorruptionLearningTests.
            .SelectMany(score => score.Columns(blocks).Zip(score.Compute(answer)))
            .ToDictionary(pair => pair.First, pair => pair.Second);

        Assert.Equal(actual.Keys.Order(), reference.GetProperty("columns").EnumerateObject().Select(column => column.Name).Order());
        foreach (JsonProperty column in reference.GetProperty("columns").EnumerateObject())
        {
            double[] expected = Numbers(column.Value),
                found = [.. actual[column.Name].contiguous().data<double>()];
            Assert.All(expected.Zip(found), pair =>
                Assert.True(
                    Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.First)),
                    $"{column.Name}: {pair.Second} for {pair.First}"
                )
            );
        }
    }

    [Theory]
    [MemberData(nameof(TimmModels))]
    public void What_is_asked_for_beside_them_leaves_logits_and_probes_to_the_bit(int number, string spec)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        using VisionTransformer network = (VisionTransformer)ModelRegistry.Resolve(spec).Create(number);
        network.eval();

        TeacherAnswer little = TeacherAnswer.Of(network, FormulaWeights.Picture(32), [2]),
            much = TeacherAnswer.Of(network, FormulaWeights.Picture(32), [2], rollout: true, views: 2);

        Assert.True(little.Logits!.eq(much.Logits!).all().item<bool>());
        Assert.True(little.Probes[0].eq(much.Probes[0]).all().item<bool>());
        Assert.Null(little.Rollout);
        Assert.Empty(little.Views);
    }

    [Fact]
    public void A_teacher_with_one_class_has_a_full_margin_and_no_generalised_entropy()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 3.0, -1.0 }, new long[] { 2, 1 });

        Assert.Equal([1, 1], Margin.Of(logits).data<double>().ToArray());
        Assert.Equal([0, 0], GeneralisedEntropy.Of(logits).data<double>().ToArray());
    }

    [Fact]
    public void Rollout_of_uniform_attention_is_uniform()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor row = AttentionRollout.ClsRow([full([2, 10, 10], 0.1), full([2, 1, 10], 0.1)], prefix: 1);

        Assert.InRange((row - (1.0 / 9)).abs().max().item<double>(), 0, 1e-12);
    }

    [Fact]
    public void Scores_are_named_by_column_by_group_or_all_at_once_and_nothing_else()
    {
        Assert.Equal(
            ["margin", "feature_norm", "weight_cosine", "react_energy"],
            ExtraScore.Named(["features", "margin"]).Select(score => score.Column)
        );
        Assert.Equal(ExtraScore.All, ExtraScore.Named(["all"]));
        Assert.Empty(ExtraScore.Named([]));
        Assert.Contains("view_kl", Assert.Throws<ScoreException>(() => ExtraScore.Named(["kl"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_contract_knows_every_column()
    {
        Assert.Equal(Manifests.Columns.ExtraScores, ExtraScore.All.Where(score => !score.OfEachBlock).Select(score => score.Column));
        Assert.Equal(
            [Manifests.Columns.ProbeEntropy(3)],
            ExtraScore.All.Where(score => score.OfEachBlock).SelectMany(score => score.Columns([3]))
        );
    }

    private static Tensor Input(string name)
    {
        JsonElement packed = Functions.GetProperty("inputs").GetProperty(name);
        double[] values = [.. packed.GetProperty("hundredths").EnumerateArray().Select(value => value.GetInt64() / 100.0)];
        long[] shape = [.. packed.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        return tensor(values, shape);
    }

    private static Tensor Shares(string name)
    {
        Tensor positive = Input(name);
        return positive / positive.sum(-1, keepdim: true);
    }

    private static LinearHead[] Heads() =>
        [.. Input("weights").unbind(0).Zip(Input("biases").unbind(0), (weight, bias) => new LinearHead(weight, bias))];

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];
}
