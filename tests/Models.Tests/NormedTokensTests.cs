// The tokens after the final norm, where they are asked for.

using TorchSharp;

namespace DataFreeKD.Models.Tests;

public sealed class NormedTokensTests
{
    [Theory]
    [InlineData("vit:img=16,patch=4,dim=12,depth=2,heads=3,classes=3")]
    [InlineData("vit:img=16,patch=4,dim=12,depth=2,heads=3,classes=3,distilled=1")]
    [InlineData("vit:img=16,patch=4,dim=12,depth=2,heads=3,classes=3,registers=2")]
    public void They_are_the_last_blocks_tokens_normed_and_their_first_is_the_embedding(string spec)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        using ImageModel model = ModelRegistry.Resolve(spec).Create(1);
        model.eval();
        foreach ((string name, torch.Tensor tensor) in model.StateDict())
            if (name is "norm.weight" or "norm.bias")
                tensor.add_(torch.arange(12) / 10.0);
        torch.Tensor pixels = torch.randn(2, 3, 16, 16, generator: new torch.Generator(3));

        ModelOutput output = model.Run(pixels, new ModelCapture { HiddenBlocks = [1], NormedTokens = true });

        torch.Tensor last = output.Hidden[1],
            centred = last - last.mean([-1], keepdim: true);
        torch.Tensor expected =
            centred / (centred.square().mean([-1], keepdim: true) + 1e-6).sqrt() * model.StateDict()["norm.weight"]
            + model.StateDict()["norm.bias"];
        Assert.Equal(last.shape, output.NormedTokens!.shape);
        Assert.True(torch.allclose(expected, output.NormedTokens, 1e-5, 1e-5));
        Assert.True(torch.allclose(output.Embedding, output.NormedTokens.select(1, 0), 1e-5, 1e-6));
        Assert.True(torch.allclose(model.Run(pixels, ModelCapture.None).Logits!, output.Logits!, 1e-5, 1e-6));
        Assert.Null(model.Run(pixels, ModelCapture.None).NormedTokens);
    }
}
