// Rotary positions leave no tensors: they are told, or the checkpoint is refused.

using DataFreeKD.Testing;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class RotaryPositionTests
{
    private const string Dino =
        "vit:img=32,patch=8,dim=24,depth=2,heads=3,registers=2,layerscale,nopos,rope=100/0/0/ij/halves/centred,classes=5";

    [Fact]
    public void A_network_without_positions_whose_rotations_nobody_states_is_refused()
    {
        using TempFolder folder = new();
        using (ImageModel model = ModelRegistry.Resolve(Dino).Create(1))
            ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        File.Delete(Path.Combine(folder["m"], "config.json"));
        string message = Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message;
        Assert.Contains("rotary", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void EVAs_tensors_whose_rotations_nobody_states_are_refused()
    {
        using TempFolder folder = new();
        using ImageModel model = ModelRegistry.Resolve("vit:img=32,patch=8,dim=24,depth=2,heads=3,pool=avg,fcnorm,classes=5").Create(1);
        Dictionary<string, Tensor> named = [];
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            if (!name.EndsWith("attn.qkv.bias", StringComparison.Ordinal))
                named[name] = tensor;
            else
                (
                    named[name.Replace("qkv.bias", "q_bias", StringComparison.Ordinal)],
                    named[name.Replace("qkv.bias", "v_bias", StringComparison.Ordinal)]
                ) = (tensor.narrow(0, 0, 24), tensor.narrow(0, 48, 24));
        }
        Directory.CreateDirectory(folder["m"]);
        using (FileStream file = File.Create(Path.Combine(folder["m"], "model.safetensors")))
            Checkpoints.SafeTensors.Write(file, named);
        Assert.Contains("EVA", Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message, StringComparison.Ordinal);
        File.WriteAllText(
            Path.Combine(folder["m"], "config.json"),
            """{"model_args": {"use_rot_pos_emb": true, "ref_feat_shape": [16, 16], "num_heads": 3, "img_size": 32}}"""
        );
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Equal(new RotaryPositions { Reference = 16 }, ((VitConfig)loaded.Model.Config).Rotary);
    }

    [Fact]
    public void Another_input_size_turns_by_another_grid()
    {
        using ImageModel model = ModelRegistry.Resolve(Dino).Create(1);
        using ImageModel larger = model.WithImageSize(48);
        using IDisposable off = no_grad();
        Assert.Equal([1, 5], larger.forward(zeros(1, 3, 48, 48)).shape);
    }

    [Theory]
    [InlineData("100/0/0/ij")]
    [InlineData("1/0/0/ij/halves")]
    [InlineData("100/0/0/ji/halves")]
    public void A_text_that_tells_no_rotation_is_refused(string text) => Assert.Throws<FormatException>(() => RotaryPositions.Parse(text));
}
