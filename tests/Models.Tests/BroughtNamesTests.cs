// Networks under the names that their files have: what is read computes what timm computes, and what nothing tells is said or refused.

using System.Text.Json;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class BroughtNamesTests
{
    private static readonly JsonSerializerOptions Lower = new() { PropertyNameCaseInsensitive = true };

    private sealed record Golden(string Name, JsonElement Config, Dictionary<string, long[]> Tensors, float[][] Answer);

    // tests/peers/brought_names.py
    private static Golden[] All { get; } =
        JsonSerializer.Deserialize<Golden[]>(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "brought_names.json")),
            Lower
        )!;

    public static TheoryData<string> Names => [.. All.Select(golden => golden.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void With_its_config_it_is_read_as_timm_computes_it(string name)
    {
        using TempFolder folder = new();
        Golden golden = Written(name, folder["m"], config: true);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.InRange(Error(loaded, golden), 0, 1e-5);
        // What the small configs leave out, and nothing of the network's shape.
        Assert.DoesNotContain(loaded.Facts, fact =>
            fact.By == FactSource.Assumed
            && fact.Field
                is not ("activation" or "LayerNorm epsilon" or "pooling" or "input" or "mean" or "std" or "interpolation" or "crop")
        );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_a_config_it_is_refused_or_what_was_assumed_is_said(string name)
    {
        using TempFolder folder = new();
        Golden golden = Written(name, folder["m"], config: false);
        try
        {
            using LoadedModel loaded = ModelStore.Load(
                folder["m"],
                heads: golden.Tensors.Keys.Any(key =>
                    key.Contains("relative", StringComparison.Ordinal)
                    || key == "rope.freqs"
                    || key.EndsWith(".q_norm.weight", StringComparison.Ordinal)
                )
                    ? null
                    : 3
            );
            Assert.True(loaded.Assumptions is not null || Error(loaded, golden) < 1e-5);
        }
        catch (ModelException refusal)
        {
            Assert.DoesNotContain('\n', refusal.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Saved_again_it_is_read_as_it_was(string name)
    {
        using TempFolder folder = new();
        Golden golden = Written(name, folder["m"], config: true);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        ModelStore.Save(folder["again"], loaded.Model, loaded.Preprocessing, []);
        using LoadedModel again = ModelStore.Load(folder["again"]);
        Assert.Equal((VitConfig)loaded.Model.Config with { LayerScaleInit = 0 }, (VitConfig)again.Model.Config with { LayerScaleInit = 0 });
        Assert.Equal(
            (VitConfig)ModelRegistry.Resolve(loaded.Model.Config.Spec) with
            {
                LayerScaleInit = 0,
                LayerNormEpsilon = 0,
                Classes = 0,
            },
            (VitConfig)loaded.Model.Config with
            {
                LayerScaleInit = 0,
                LayerNormEpsilon = 0,
                Classes = 0,
            }
        );
        Assert.InRange(Error(again, golden), 0, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_attention_maps_hold_its_probe_rows(string name)
    {
        using TempFolder folder = new();
        Written(name, folder["m"], config: true);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        VisionTransformer model = loaded.Model.AsVisionTransformer("has attention");
        ModelOutput got = model.Run(
            FormulaWeights.Picture(32),
            new ModelCapture
            {
                ClsRowBlocks = [0],
                AttentionBlocks = [0],
                QkvBlocks = [0],
            }
        );
        int prefix = model.Config.PrefixTokens;
        Tensor map = got.Qkv[0].Attention().mean([1]),
            wanted = model.Config.Pooling == Pooling.Token ? map.select(1, 0) : map.narrow(1, prefix, 16).mean([1]);
        Assert.InRange((got.Attention[0] - map).abs().max().item<float>(), 0, 1e-6f);
        Assert.InRange((got.ClsRows[0].mean([1]) - wanted.narrow(1, prefix, 16)).abs().max().item<float>(), 0, 1e-6f);
    }

    [Fact]
    public void Relative_positions_of_one_size_are_refused_at_another()
    {
        using TempFolder folder = new();
        Written("beit", folder["m"], config: true);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Contains(
            "relative position",
            Assert.Throws<ModelException>(() => loaded.Model.WithImageSize(48)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void DeiT3s_old_names_that_rotary_networks_share_say_that_no_rotation_was_assumed()
    {
        using TempFolder folder = new();
        using (
            ImageModel model = ModelRegistry
                .Resolve("vit:img=32,patch=8,dim=192,depth=2,heads=3,layerscale,noembedclass,classes=5")
                .Create(1)
        )
        {
            Directory.CreateDirectory(folder["m"]);
            using FileStream file = File.Create(Path.Combine(folder["m"], "model.safetensors"));
            Checkpoints.SafeTensors.Write(
                file,
                model
                    .StateDict()
                    .ToDictionary(
                        pair =>
                            pair.Key.Replace("ls1.gamma", "gamma_1", StringComparison.Ordinal)
                                .Replace("ls2.gamma", "gamma_2", StringComparison.Ordinal),
                        pair => pair.Value
                    )
            );
        }
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Contains("rotary positions none", loaded.Assumptions, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_final_norm_that_nobody_states_is_refused()
    {
        using TempFolder folder = new();
        Written("no_final_norm", folder["m"], config: false);
        Assert.Contains("final norm", Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message, StringComparison.Ordinal);
    }

    private static double Error(LoadedModel loaded, Golden golden)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        ModelOutput output = loaded.Model.Run(FormulaWeights.Picture(32), ModelCapture.None);
        Tensor got = output.Logits ?? output.Embedding,
            expected = tensor(golden.Answer.SelectMany(row => row).ToArray(), [golden.Answer.Length, golden.Answer[0].Length]);
        return got.shape.SequenceEqual(expected.shape) ? (got - expected).abs().max().item<float>() : double.PositiveInfinity;
    }

    private static Golden Written(string name, string directory, bool config)
    {
        using DisposeScope scope = NewDisposeScope();
        Golden golden = All.Single(each => each.Name == name);
        Directory.CreateDirectory(directory);
        using (FileStream file = File.Create(Path.Combine(directory, "model.safetensors")))
            Checkpoints.SafeTensors.Write(
                file,
                golden.Tensors.ToDictionary(pair => pair.Key, pair => FormulaWeights.Value(pair.Key, pair.Value))
            );
        if (config)
            File.WriteAllText(Path.Combine(directory, "config.json"), golden.Config.GetRawText());
        return golden;
    }
}
