// The checkpoints that people brought, case by case: read as they were meant, or refused by name.

using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class BroughtCheckpointTests
{
    [Theory]
    [InlineData("07-timm-train-normalisation/model_best.pth.tar")]
    [InlineData("08-heads-guessed-silently/args_heads4.pth")]
    [InlineData("09-bystander-objects-refused/numpy_scalar.pth")]
    [InlineData("09-bystander-objects-refused/torch_dtype.pth")]
    [InlineData("09-bystander-objects-refused/yacs_config.pth")]
    [InlineData("10-nests-and-prefixes/dinov2_fsdp.pth")]
    [InlineData("10-nests-and-prefixes/lightning.ckpt")]
    [InlineData("10-nests-and-prefixes/model_state_dict.pth")]
    [InlineData("11-hf-dinov2-and-deit/deit_one_head")]
    [InlineData("11-hf-dinov2-and-deit/dinov2_cls")]
    [InlineData("12-legacy-and-sharded/legacy.pth")]
    [InlineData("12-legacy-and-sharded/sharded")]
    public void What_can_be_read_is_read(string name)
    {
        using LoadedModel loaded = ModelStore.Load(Case(name));
        Assert.NotEmpty(loaded.Facts);
    }

    [Theory]
    [InlineData("13-nan-weights/nan.pth", "blocks.1.norm1.weight")]
    [InlineData("22-shape-bomb/shapebomb_100000_2000.pth", "dimensions")]
    [InlineData("26-config-contradicts-tensors/t", "num_hidden_layers")]
    [InlineData("27-not-finite/cfg_pc_std_tiny.safetensors", "deviation")]
    [InlineData("29-zip-crc/crc.pth", "checksum")]
    [InlineData("30-control-characters/control_chars_global.pth", "u001b")]
    [InlineData("32-odd-headers/badutf8.safetensors", "no valid JSON")]
    [InlineData("32-odd-headers/name_lone_surrogate.safetensors", "no valid JSON")]
    [InlineData("32-odd-headers/zero_dim_extra.safetensors", "impossible shape")]
    public void What_cannot_be_meant_is_refused_by_name_in_one_line(string name, string named)
    {
        string message = Assert.Throws<ModelException>(() => ModelStore.Load(Case(name))).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, character => char.IsControl(character));
    }

    [Theory]
    [InlineData("03-activation-ignored/gelu", "03-activation-ignored/act_layer", false)]
    [InlineData("05-average-pooling/token", "05-average-pooling/avg_no_fc_norm", false)]
    [InlineData("06-ema-ignored/both.pth", "06-ema-ignored/plain.pth", true)]
    public void Two_that_differ_in_what_they_say_differ_in_their_figures(string first, string second, bool equal)
    {
        using DisposeScope scope = NewDisposeScope();
        using LoadedModel one = ModelStore.Load(Case(first)),
            other = ModelStore.Load(Case(second));
        Tensor pixels = FormulaWeights.Picture(32);
        Assert.Equal(equal, one.Model.forward(pixels).eq(other.Model.forward(pixels)).all().item<bool>());
    }

    [Fact]
    public void Heads_and_preprocessing_come_from_the_training_arguments()
    {
        using LoadedModel heads = ModelStore.Load(Case("08-heads-guessed-silently/args_heads4.pth")),
            trained = ModelStore.Load(Case("07-timm-train-normalisation/model_best.pth.tar"));
        Assert.Equal(4, ((VitConfig)heads.Model.Config).Heads);
        Assert.Equal(0.5f, trained.Preprocessing.Mean[0]);
        Assert.Equal(0.5f, trained.Preprocessing.Std[0]);
    }

    private static string Case(string name)
    {
        string path = Path.Combine(SharedData.Root ?? "shared", "cases", name);
        Assert.SkipUnless(
            File.Exists(path) || Directory.Exists(path),
            $"test material 'cases/{name}' is not on this machine (set DFKD_SHARED to the folder that holds cases/)"
        );
        return path;
    }
}
