// Students with class, convolution and involution tokens.

using System.Text.Json;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class CoAdviseTests(ITestOutputHelper output)
{
    private const string Spec = "vit:img=32,patch=4,dim=48,depth=2,heads=3,tokens=cls+conv+inv,classes=4";

    private sealed record Golden(string Spec, Dictionary<string, long> Parameters, float[][][] Logits);

    private static Golden Expected { get; } =
        JsonSerializer.Deserialize<Golden>(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "coadvise.json")),
            JsonSerializerOptions.Web
        )!;

    // tests/peers/coadvise.py
    [Fact]
    public void The_three_heads_give_what_an_independent_student_gives()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using ImageModel model = ModelRegistry.Resolve(Expected.Spec).Create();
        FormulaWeights.Fill(model);
        model.eval();
        ModelOutput got = model.Run(FormulaWeights.Picture(32), ModelCapture.None);
        Tensor[] heads = [got.LogitsCls!, got.LogitsConv!, got.LogitsInv!],
            expected = [.. Expected.Logits.Select(head => tensor(head.SelectMany(row => row).ToArray(), [2, 10]))];
        for (int i = 0; i < 3; i++)
        {
            double worst = (heads[i] - expected[i]).abs().max().item<float>();
            output.WriteLine($"head {i}: worst absolute error {worst:e2}");
            Assert.InRange(worst, 0, 2e-5);
        }
        Assert.True(got.Logits!.allclose((expected[0] + expected[1] + expected[2]) / 3, 1e-5, 2e-5));
    }

    [Theory]
    [InlineData("cit_tiny_patch16_224")]
    [InlineData("cit_small_patch16_224")]
    public void Registered_names_have_the_peers_parameter_count(string name)
    {
        using ImageModel model = ModelRegistry.Resolve(name).Build();
        Assert.Equal(Expected.Parameters[name], model.ParameterCount());
    }

    [Fact]
    public void A_saved_student_loads_bit_equal()
    {
        using TempFolder folder = new();
        using DisposeScope scope = NewDisposeScope();
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(3);
        FormulaWeights.Fill(model);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Equal(model.Config, loaded.Model.Config);
        foreach ((string name, Tensor tensor) in model.StateDict())
            Assert.True(tensor.eq(loaded.Model.StateDict()[name]).all().item<bool>(), name);
    }

    [Fact]
    public void Every_parameter_learns_and_attention_is_captured_behind_three_tokens()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(3);
        model.train();
        ModelOutput got = model.Run(randn([2, 3, 32, 32]), new ModelCapture { ClsRowBlocks = [0], HiddenBlocks = [1] });
        Assert.Equal([2, 3, 64], got.ClsRows[0].shape);
        Assert.Equal([2, 67, 48], got.Hidden[1].shape);
        got.Logits!.square().sum().backward();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            Assert.True(parameter.grad is { } grad && grad.isfinite().all().item<bool>(), name);
    }

    [Theory]
    [InlineData("vit:img=32,patch=4,dim=48,depth=2,heads=3,tokens=cls+dist", "cls or cls+conv+inv")]
    [InlineData("vit:img=30,patch=5,dim=48,depth=2,heads=3,tokens=cls+conv+inv", "even patch size")]
    [InlineData("vit:img=32,patch=4,dim=48,depth=2,heads=3,tokens=cls+conv+inv,distilled", "without distillation token")]
    public void What_does_not_go_together_is_refused(string spec, string hint)
    {
        Assert.Contains(hint, Assert.Throws<ModelException>(() => ModelRegistry.Resolve(spec)).Message, StringComparison.Ordinal);
    }
}
