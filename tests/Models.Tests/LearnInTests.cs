// Every kind of block learns in bfloat16: close to single precision, in front and in its gradients.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class LearnInTests
{
    private static readonly VitConfig Plain = (VitConfig)ModelRegistry.Resolve("vit:img=16,patch=4,dim=24,depth=3,heads=3,classes=5");

    public static IEnumerable<TheoryDataRow<string>> Kinds => Configs.Keys.Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_block_in_bfloat16_is_close_to_one_in_single_precision(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = (VisionTransformer)Configs[kind].Create(1);
        model.train();
        Tensor[] leaves = [.. model.parameters().Select(parameter => parameter.requires_grad_(true))];
        Tensor pixels = randn([3, 3, 16, 16], generator: new Generator(2));
        ModelCapture capture = new()
        {
            HiddenBlocks = [0, 2],
            QkvBlocks = [1],
            ClsRowBlocks = [1],
        };
        (Tensor plain, Tensor gradient) = Step();
        model.LearnIn(ScalarType.BFloat16);
        (Tensor half, Tensor rounded) = Step();
        Assert.NotEqual(plain.item<float>(), half.item<float>());
        Assert.Equal(plain.item<float>(), half.item<float>(), 0.05 * plain.item<float>());
        Assert.InRange(nn.functional.cosine_similarity(gradient, rounded, 0).item<float>(), 0.99, 1.0001);

        (Tensor Loss, Tensor Gradient) Step()
        {
            ModelOutput output = model.Run(pixels, capture);
            Tensor[] parts = [output.Logits!, .. output.Hidden.Values, .. output.ClsRows.Values, output.Qkv[1].Keys];
            Assert.All(parts, part => Assert.Equal(ScalarType.Float32, part.dtype));
            Tensor loss = parts.Select(part => part.square().mean()).Aggregate((sum, term) => sum + term);
            IEnumerable<Tensor> gradients = autograd.grad([loss], leaves, allow_unused: true).Where(found => found is { IsInvalid: false });
            return (loss, cat([.. gradients.Select(found => found.reshape(-1))]));
        }
    }

    private static Dictionary<string, VitConfig> Configs { get; } =
        new()
        {
            ["plain"] = Plain,
            ["scaled and gated"] = Plain with { LayerScale = true, SwiGlu = true, Pooling = Pooling.Average },
            ["rotary"] = Plain with { Rotary = new RotaryPositions() },
            ["relative"] = Plain with { RelativeBias = true },
            ["norms after"] = Plain with { PostNorm = true },
            ["norms inside"] = Plain with { AttentionNorm = true, MlpNorm = true, QkNorm = true },
            ["parallel"] = Plain with { ParallelBranches = true },
            ["RMSNorm"] = Plain with { RmsNorm = true, QkNorm = true },
        };
}
