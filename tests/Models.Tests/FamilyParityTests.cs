// ResNet, RedNet and TinyViT against timm and an independent PyTorch implementation: sizes, logits, state dicts, costs.

using System.Text.Json;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class FamilyParityTests(ITestOutputHelper output)
{
    private static readonly JsonSerializerOptions Lower = new() { PropertyNameCaseInsensitive = true };

    private sealed record Golden(string Name, string Spec, int Image, long Parameters, float[][] Logits);

    private static Golden[] All { get; } =
        JsonSerializer.Deserialize<Golden[]>(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "families.json")), Lower)!;

    public static TheoryData<string> Models => [.. All.Select(golden => golden.Name)];

    // Weights by formula: whole networks in a file of a few kilobytes (tests/peers/family_models.py golden).
    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_are_those_of_the_peer(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        Golden golden = All.Single(entry => entry.Name == name);
        using ImageModel model = (ModelRegistry.Resolve(golden.Spec) with { ImageSize = golden.Image, Classes = 10 }).Create();
        FormulaWeights.Fill(model);
        model.eval();

        Tensor logits = model.forward(FormulaWeights.Picture(golden.Image)),
            expected = tensor(golden.Logits.SelectMany(row => row).ToArray(), [2, 10]);
        double worst = (logits - expected).abs().max().item<float>(),
            apart = (expected[0] - expected[1]).abs().mean().item<float>();
        output.WriteLine($"{name}: worst absolute error {worst:e2}; the two images differ by {apart:e2}");
        Assert.InRange(worst, 0, 2e-5);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Parameters_are_as_many_as_the_peers(string name)
    {
        Golden golden = All.Single(entry => entry.Name == name);
        using ImageModel model = ModelRegistry.Resolve(golden.Spec).Build();
        Assert.Equal(golden.Parameters, model.ParameterCount());
    }

    // Millions of parameters and thousand millions of multiply-accumulates: He et al. 2016 and torchvision; the table of the official
    // involution code; Wu et al. 2022, Table 4.
    [Theory]
    [InlineData("resnet18", 11.69, 1.81)]
    [InlineData("resnet34", 21.80, 3.66)]
    [InlineData("resnet50", 25.56, 4.09)]
    [InlineData("rednet26", 9.23, 1.73)]
    [InlineData("rednet38", 12.39, 2.22)]
    [InlineData("rednet50", 15.54, 2.71)]
    [InlineData("tiny_vit_5m_224", 5.4, 1.3)]
    [InlineData("tiny_vit_11m_224", 11, 2.0)]
    [InlineData("tiny_vit_21m_224", 21, 4.3)]
    public void Sizes_and_costs_are_the_papers(string name, double millions, double billions)
    {
        ModelConfig config = ModelRegistry.Resolve(name);
        using ImageModel model = config.Build();
        double parameters = model.ParameterCount() / 1e6,
            macs = ModelSummary.Macs(config) / 1e9;
        output.WriteLine($"{name}: {parameters:f3} M, {macs:f3} GMAC");
        Assert.InRange(parameters, millions * 0.98, millions * 1.01);
        Assert.InRange(macs, billions * 0.95, billions * 1.05);
    }

    public static TheoryData<string> Specs =>
        [
            "resnet:depth=10,img=16,stem=3,width=8,classes=4",
            "resnet:depth=50,img=32,width=8,classes=4",
            "rednet:depth=26,img=16,stem=3,width=16,classes=4",
            "rednet:depth=26,img=64,width=16,classes=4",
            "tinyvit:img=16,stem=1,dims=8/16/24/32,depths=1/1/1/1,heads=1/2/3/4,classes=4",
            "tinyvit:img=48,dims=8/16/24/32,depths=1/1/2/1,heads=1/2/3/4,classes=4",
            "tiny_vit_5m_224:img=64,classes=4",
            "resnet18:img=96,classes=4",
        ];

    [Theory]
    [MemberData(nameof(Specs))]
    public void A_saved_model_of_any_family_loads_bit_equal_with_its_running_statistics(string spec)
    {
        using TempFolder folder = new();
        using DisposeScope scope = NewDisposeScope();
        ModelConfig config = ModelRegistry.Resolve(spec);
        using ImageModel model = config.Create(5);
        FormulaWeights.Fill(model);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(config.ImageSize), ["a", "b", "c", "d"]);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Equal(config, loaded.Model.Config);
        Assert.Equal(config, ModelRegistry.Resolve(config.Spec) with { Classes = 4 });
        Assert.Equal(model.StateDict().Keys, loaded.Model.StateDict().Keys);
        foreach ((string name, Tensor tensor) in model.StateDict())
            Assert.True(tensor.eq(loaded.Model.StateDict()[name]).all().item<bool>(), name);
    }

    [Theory]
    [MemberData(nameof(Specs))]
    public void Training_moves_the_running_statistics_and_evaluation_does_not(string spec)
    {
        using DisposeScope scope = NewDisposeScope();
        ModelConfig config = ModelRegistry.Resolve(spec);
        using ImageModel model = config.Create(1);
        Tensor pixels = randn([2, 3, config.ImageSize, config.ImageSize]);
        model.eval();
        Tensor before = cat([.. model.Buffers().Values.Select(buffer => buffer.to(ScalarType.Float32).reshape(-1))]);
        model.forward(pixels);
        Assert.True(Now().eq(before).all().item<bool>());
        model.train();
        model.forward(pixels).square().sum().backward();
        Assert.All(model.Buffers().Where(pair => pair.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal)), pair =>
            Assert.Equal(1, pair.Value.item<long>())
        );
        Assert.False(Now().eq(before).all().item<bool>());
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            Assert.True(parameter.grad is { } grad && grad.isfinite().all().item<bool>(), name);

        Tensor Now() => cat([.. model.Buffers().Values.Select(buffer => buffer.to(ScalarType.Float32).reshape(-1))]);
    }

    [Theory]
    [MemberData(nameof(Specs))]
    public void A_pass_leaves_nothing_but_its_outputs(string spec)
    {
        ModelConfig config = ModelRegistry.Resolve(spec);
        using ImageModel model = config.Create(1);
        model.eval();
        using Tensor pixels = zeros(2, 3, config.ImageSize, config.ImageSize);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        ModelOutput output = model.Run(pixels, ModelCapture.None);
        Assert.Equal(2, scope.DisposablesView.Count); // logits, embedding
        Assert.Equal([2, config.Features], output.Embedding.shape);
    }

    [Fact]
    public void A_convolutional_network_takes_another_input_size_with_the_same_weights()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageModel model = ModelRegistry.Resolve("resnet:depth=10,img=16,stem=3,width=8,classes=4").Create(1),
            larger = model.WithImageSize(32);
        Assert.Equal([1, 4], larger.forward(zeros(1, 3, 32, 32)).shape);
        Assert.True(model.StateDict()["fc.weight"].eq(larger.StateDict()["fc.weight"]).all().item<bool>());
        Assert.Throws<ArgumentException>(() => model.forward(zeros(1, 3, 32, 32)));
    }

    [Theory]
    [InlineData("resnet18:img=96", "resnet18")]
    [InlineData("resnet:depth=18,img=32,stem=3", "resnet:depth=18,img=32,stem=3,width=64")]
    [InlineData("tiny_vit_21m_384", "tiny_vit_21m_384")]
    [InlineData("tinyvit:img=96,windows=7/7/7/7", "tiny_vit_5m_224")] // the rest is in model_args
    [InlineData("tinyvit:img=32,stem=1", "tinyvit:img=32,stem=1,dims=64/128/160/320,depths=2/2/6/2,heads=2/4/5/10,windows=7/7/8/4")]
    public void A_config_names_timms_constructor_or_the_free_spec_where_timm_has_none(string spec, string architecture)
    {
        using TempFolder folder = new();
        using ImageModel model = (ModelRegistry.Resolve(spec) with { Classes = 2 }).Build();
        ModelStore.Save(folder["m"], model, new Preprocessing(), []);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["m"], "config.json")));
        Assert.Equal(architecture, config.RootElement.GetProperty("architecture").GetString());
    }

    [Fact]
    public void What_only_a_vision_transformer_has_is_refused_by_name()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageModel model = ModelRegistry.Resolve("resnet18:classes=4").Create(1);
        Assert.StartsWith(
            "resnet18 has no attention to probe;",
            Assert.Throws<ModelException>(() => model.AsVisionTransformer("has no attention to probe")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no blocks of tokens",
            Assert.Throws<ArgumentException>(() => model.Run(zeros(1, 3, 224, 224), new ModelCapture { HiddenBlocks = [0] })).Message,
            StringComparison.Ordinal
        );
        using TempFolder folder = new();
        Assert.Contains(
            "Hugging Face",
            Assert
                .Throws<ModelException>(() => ModelStore.Save(folder["m"], model, new Preprocessing(), [], TensorNaming.HuggingFace))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("resnet:depth=19,img=32", "depth 19 is not one of 10, 18, 34")]
    [InlineData("resnet:depth=18", "img")]
    [InlineData("resnet:depth=18,img=32,stem=5", "stem: 3")]
    [InlineData("rednet:depth=26,img=32,width=40", "multiple of 32")]
    [InlineData("tinyvit:img=32,dims=32/64", "four numbers")]
    [InlineData("tinyvit:img=32,heads=1/3/5/7", "divisible")]
    public void A_bad_spec_is_answered_with_what_would_do(string spec, string hint)
    {
        Assert.Contains(hint, Assert.Throws<ModelException>(() => ModelRegistry.Resolve(spec)).Message, StringComparison.Ordinal);
    }
}
