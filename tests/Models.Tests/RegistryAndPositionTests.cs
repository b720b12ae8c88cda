// Claims about names, free specs and position embeddings.

using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class RegistryAndPositionTests
{
    // Parameter counts that timm prints for these names.
    [Theory]
    [InlineData("deit_tiny_patch16_224", 5_717_416)]
    [InlineData("deit_small_patch16_224", 22_050_664)]
    [InlineData("deit_tiny_distilled_patch16_224", 5_910_800)]
    [InlineData("vit_base_patch16_224", 86_567_656)]
    [InlineData("vit_small_patch14_dinov2", 22_056_576 - 384)] // the published count has a mask token, which timm drops
    public void Registered_names_have_timms_parameter_counts(string name, long parameters)
    {
        Assert.Equal(parameters, Count(ModelRegistry.Resolve(name)));
    }

    [Theory]
    [InlineData(null, true, 0.875)]
    [InlineData(0.9, false, 0.9)]
    [InlineData(1.0, false, 1.0)]
    public void A_crop_share_that_is_set_makes_a_squashing_model_crop(double? set, bool squash, double share)
    {
        using LoadedModel model = new(
            ModelRegistry.Resolve("vit:img=16,patch=8,dim=8,depth=1,heads=1,classes=2").Create(),
            new Preprocessing
            {
                ImageSize = 16,
                CropPct = 0.875,
                Squash = true,
            },
            [],
            "memory"
        );

        Preprocessing seen = new PreprocessingOverride { CropPct = set, Interpolation = "bilinear" }
            .Apply(model)
            .Preprocessing;

        Assert.Equal((squash, share, Interpolation.Bilinear), (seen.Squash, seen.CropPct, seen.Interpolation));
    }

    [Fact]
    public void A_free_spec_gives_what_it_says()
    {
        VitConfig config = (VitConfig)ModelRegistry.Resolve("vit:img=32,patch=4,dim=96,depth=5,heads=3,classes=10");

        Assert.Equal((32, 4, 96, 5, 3, 10), (config.ImageSize, config.PatchSize, config.Width, config.Depth, config.Heads, config.Classes));
        Assert.Equal(384, config.MlpHidden);
    }

    [Theory]
    [InlineData("deit_tiny_patch16_22", "deit_tiny_patch16_224")]
    [InlineData("vit:img=32,ptch=4", "patch")]
    public void An_unknown_name_or_key_is_answered_with_the_near_ones(string spec, string hint)
    {
        Assert.Contains(hint, Assert.Throws<ModelException>(() => ModelRegistry.Resolve(spec)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resampled_position_embeddings_are_timms()
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "pos_embed.expected.safetensors"));
        Tensor source = golden.Single(pair => pair.Value.shape[1] == 65).Value;
        int compared = 0;
        foreach ((int height, int width) in new[] { (12, 12), (5, 7) })
        {
            Tensor expected = golden.Single(pair => pair.Value.shape[1] == 1 + height * width).Value;
            Assert.InRange((PositionEmbedding.Resample(source, 1, height, width) - expected).abs().max().ToDouble(), 0, 1e-5);
            compared++;
        }
        Assert.Equal(2, compared);
    }

    [Theory]
    [InlineData(TensorNaming.Timm)]
    [InlineData(TensorNaming.HuggingFace)]
    public void A_saved_model_loads_bit_equal(TensorNaming naming)
    {
        using TempFolder folder = new();
        using DisposeScope scope = NewDisposeScope();
        VitConfig config = (VitConfig)ModelRegistry.Resolve("vit:img=32,patch=8,dim=48,depth=2,heads=3,classes=4") with
        {
            Distilled = naming == TensorNaming.HuggingFace,
        };
        using VisionTransformer model = new(config, seed: 5);

        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), ["a", "b", "c", "d"], naming);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);

        Assert.Equal(["a", "b", "c", "d"], loaded.ClassNames);
        VitConfig read = (VitConfig)loaded.Model.Config;
        Assert.Equal(config with { LayerNormEpsilon = read.LayerNormEpsilon }, read);
        foreach ((string name, Tensor tensor) in model.StateDict())
            Assert.True(tensor.equal(loaded.Model.StateDict()[name]).all().ToBoolean(), name);
    }

    private static long Count(ModelConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageModel model = config.Create();
        return model.ParameterCount();
    }
}
