// Activations, pooling and norms of timm's less usual Vision Transformers, held to timm's own figures.

using System.Text.Json;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class VitShapeTests(ITestOutputHelper output)
{
    private static readonly JsonSerializerOptions Lower = new() { PropertyNameCaseInsensitive = true };

    private sealed record Golden(string Name, string Spec, float[][] Logits, double[][][] Probes);

    private static Golden[] All { get; } =
        JsonSerializer.Deserialize<Golden[]>(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "vit_shapes.json")),
            Lower
        )!;

    public static TheoryData<string> Names => [.. All.Select(golden => golden.Name)];

    // Weights by formula (tests/peers/vit_shapes.py).
    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_and_probes_are_timms(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        (Golden golden, VisionTransformer model) = Built(name);
        using (model)
        {
            ModelOutput got = model.Run(FormulaWeights.Picture(32), new ModelCapture { ClsRowBlocks = [0, 1] });
            Tensor expected = tensor(golden.Logits.SelectMany(row => row).ToArray(), [2, 5]);
            double worst = (got.Logits! - expected).abs().max().item<float>();
            // Processors add in other orders.
            Assert.InRange(worst, 0, 1e-5);
            for (int block = 0; block < 2; block++)
            {
                Tensor probe = got.ClsRows[block].mean([1]).to(ScalarType.Float64),
                    wanted = tensor(golden.Probes[block].SelectMany(row => row).ToArray(), [2, 16]);
                worst = (probe / probe.sum(-1, keepdim: true) - wanted).abs().max().item<double>();
                Assert.InRange(worst, 0, 1e-6);
            }
            output.WriteLine($"{name}: worst absolute error of the probe {worst:e2}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Packed_weights_and_a_pass_in_two_parts_give_the_same(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        (_, VisionTransformer model) = Built(name);
        using (model)
        {
            Tensor pixels = FormulaWeights.Picture(32);
            ModelOutput whole = model.Run(pixels, new ModelCapture { ClsRowBlocks = [0, 1] }),
                rest = model.RunRest(model.RunFirst(pixels, 1, [0, 1]), [0, 1]);
            Assert.True(whole.Logits!.eq(rest.Logits!).all().item<bool>());
            Assert.True(whole.ClsRows[1].eq(rest.ClsRows[1]).all().item<bool>());
            model.PackForInference(2);
            Assert.True((model.forward(pixels) - whole.Logits!).abs().max().item<float>() < 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_saved_model_is_read_as_it_was_with_nothing_assumed(string name)
    {
        using TempFolder folder = new();
        using DisposeScope scope = NewDisposeScope();
        (Golden golden, VisionTransformer model) = Built(name);
        using (model)
        {
            ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
            using LoadedModel loaded = ModelStore.Load(folder["m"]);
            Assert.Equal(model.Config with { LayerScaleInit = 0 }, (VitConfig)loaded.Model.Config with { LayerScaleInit = 0 });
            Assert.Equal(golden.Spec, loaded.Model.Config.Spec + ",classes=5", KeysSorted.Instance);
            Assert.Null(loaded.Assumptions);
            Assert.Empty(loaded.Notes);
            Assert.True(loaded.Model.forward(FormulaWeights.Picture(32)).eq(model.forward(FormulaWeights.Picture(32))).all().item<bool>());
        }
    }

    private static (Golden Golden, VisionTransformer Model) Built(string name)
    {
        Golden golden = All.Single(entry => entry.Name == name);
        VisionTransformer model = (VisionTransformer)ModelRegistry.Resolve(golden.Spec).Create();
        FormulaWeights.Fill(model);
        model.eval();
        return (golden, model);
    }

    // Keys of a spec come in any order.
    private sealed class KeysSorted : IEqualityComparer<string>
    {
        public static KeysSorted Instance { get; } = new();

        public bool Equals(string? x, string? y) => Sorted(x!) == Sorted(y!);

        public int GetHashCode(string obj) => Sorted(obj).GetHashCode(StringComparison.Ordinal);

        private static string Sorted(string spec) => string.Join(',', spec.Split(':')[1].Split(',').Order(StringComparer.Ordinal));
    }
}
