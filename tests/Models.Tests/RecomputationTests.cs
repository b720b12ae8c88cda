// Gradients of blocks that are computed again are those of one graph.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class RecomputationTests
{
    private const string Plain = "vit:img=16,patch=4,dim=24,depth=3,heads=3,classes=5";

    [Theory]
    [InlineData("vit:img=16,patch=4,dim=24,depth=4,heads=3,classes=5")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=3,heads=3,classes=5,distilled=1")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=3,heads=3,classes=5,tokens=cls+conv+inv")]
    public void Gradients_are_those_of_one_graph(string spec) => Compare((VitConfig)ModelRegistry.Resolve(spec));

    [Fact]
    public void Gradients_of_other_blocks_are_those_of_one_graph()
    {
        VitConfig plain = (VitConfig)ModelRegistry.Resolve(Plain);
        Compare(plain with { Rotary = new RotaryPositions() });
        Compare(plain with { RelativeBias = true });
        Compare(plain with { LayerScale = true, SwiGlu = true, Pooling = Pooling.Average });
        Compare(plain with { PostNorm = true });
    }

    private static void Compare(VitConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = (VisionTransformer)config.Create(1);
        Tensor[] leaves = [.. model.parameters().Select(parameter => parameter.requires_grad_(true))];
        Tensor pixels = randn([3, 3, model.Config.ImageSize, model.Config.ImageSize], generator: new Generator(2));
        foreach (ModelCapture capture in Captures(model.Config))
        {
            model.Recomputation = null;
            Tensor loss = Loss(model.Run(pixels, capture));
            Tensor[] expected = [.. autograd.grad([loss], leaves, allow_unused: true).Zip(leaves, OrZeros)];

            model.Recomputation = new Recomputation();
            Tensor again = Loss(model.Run(pixels, capture));
            Tensor[] found = [.. model.Recomputation.Gradients(again, leaves).Zip(leaves, OrZeros)];
            Assert.Equal(loss.item<float>(), again.item<float>(), 1e-6 * Math.Abs(loss.item<float>()));
            float largest = expected.Max(gradient => gradient.abs().max().item<float>());
            Assert.All(expected.Zip(found), pair => Assert.InRange(Largest(pair.First - pair.Second) / largest, 0, 1e-6));
        }

        static Tensor OrZeros(Tensor? gradient, Tensor leaf) => gradient is null || gradient.IsInvalid ? zeros_like(leaf) : gradient;

        static float Largest(Tensor tensor) => tensor.abs().max().item<float>();
    }

    [Fact]
    public void Without_gradients_nothing_is_kept()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = (VisionTransformer)ModelRegistry.Resolve(Plain).Create(1);
        Tensor pixels = randn([2, 3, 16, 16]);
        using IDisposable off = inference_mode();
        Tensor plain = model.Run(pixels, ModelCapture.None).Logits!;
        model.Recomputation = new Recomputation();
        Tensor same = model.Run(pixels, ModelCapture.None).Logits!;
        Assert.Equal(plain.data<float>().ToArray(), same.data<float>().ToArray());
        Assert.False(same.requires_grad);
    }

    private static IEnumerable<ModelCapture> Captures(VitConfig config)
    {
        int last = config.Depth - 1;
        yield return ModelCapture.None;
        yield return new ModelCapture { HiddenBlocks = [0, last], NormedTokens = true };
        yield return new ModelCapture { QkvBlocks = [.. Enumerable.Range(0, config.Depth)], ClsRowBlocks = [0, last] };
        if (config is { Rotary: null, RelativeBias: false, CrossBias: false })
            yield return new ModelCapture { HiddenBlocks = [0], KeptPatches = tensor(new long[] { 0, 3, 5, 2, 4, 9, 1, 2, 15 }, [3, 3]) };
    }

    // Every tensor has its part, with numbers that differ from place to place.
    private static Tensor Loss(ModelOutput output) =>
        (
            (IEnumerable<Tensor>)
                [
                    output.Logits!,
                    .. output.Hidden.Values,
                    .. output.ClsRows.Values,
                    .. output.Qkv.Values.SelectMany(parts => new[] { parts.Queries, parts.Keys, parts.Values }),
                    .. output.NormedTokens is { } normed ? [normed] : Array.Empty<Tensor>(),
                ]
        )
            .Select(tensor => (tensor * linspace(-1, 1, tensor.shape[^1])).square().mean())
            .Aggregate((sum, term) => sum + term);
}
