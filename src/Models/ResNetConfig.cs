// The shape of a ResNet, or of a RedNet, which has involutions for its 3×3 convolutions.

namespace DataFreeKD.Models;

/// <summary>Architecture of a residual network with four stages.</summary>
/// <remarks>ResNet: He et al., CVPR 2016, with the stride on the 3×3 convolution as torchvision and timm have it. RedNet: Li et al.,
/// "Involution", CVPR 2021, Table 1.</remarks>
internal sealed record ResNetConfig : ModelConfig
{
    private static readonly Dictionary<int, int[]> ResNets = new()
    {
        [10] = [1, 1, 1, 1],
        [18] = [2, 2, 2, 2],
        [34] = [3, 4, 6, 3],
        [50] = [3, 4, 6, 3],
        [101] = [3, 4, 23, 3],
        [152] = [3, 8, 36, 3],
    };
    private static readonly Dictionary<int, int[]> RedNets = new()
    {
        [26] = [1, 2, 4, 1],
        [38] = [2, 3, 5, 2],
        [50] = [3, 4, 6, 3],
        [101] = [3, 4, 23, 3],
        [152] = [3, 8, 36, 3],
    };

    /// <summary>Layers by the papers' count: 10 (one block a stage), 18, 34, 50, 101, 152; of a RedNet 26, 38, 50, 101, 152.</summary>
    public int Depth { get; init; } = 18;

    /// <summary>Channels after the stem and inside the first stage's blocks; each later stage doubles them.</summary>
    public int Width { get; init; } = 64;

    /// <summary>A stem for small images: 3×3 with stride 1 and no pooling, instead of stride 2 and pooling.</summary>
    public bool SmallStem { get; init; }

    /// <summary>Involutions of 7×7 for the blocks' 3×3 convolutions, and an involution in the stem: a RedNet.</summary>
    public bool Involution { get; init; }

    /// <inheritdoc/>
    public override string Family => Involution ? "RedNet" : "ResNet";

    /// <summary>Blocks of the four stages.</summary>
    public IReadOnlyList<int> Blocks => Stages(Depth, Involution) ?? [];

    /// <summary>Whether blocks are 1×1, 3×3, 1×1 with four times the channels at the end; else two 3×3.</summary>
    public bool Bottleneck => Depth >= 50 || Involution;

    /// <inheritdoc/>
    public override int Features => 8 * Width * (Bottleneck ? 4 : 1);

    /// <inheritdoc/>
    public override string Spec =>
        Text($"{Family.ToLowerInvariant()}:depth={Depth},img={ImageSize},stem={(SmallStem ? 3 : 7)},width={Width}");

    /// <inheritdoc/>
    public override string Summary =>
        Text(
            $"depth {Depth}, width {Width}, {(Involution ? "involution" : SmallStem ? "3×3" : "7×7")} stem{(SmallStem ? " without pooling" : "")}"
        );

    /// <summary>The depth with these blocks; null where none has them.</summary>
    internal static int? DepthOf(IReadOnlyList<int> blocks, bool bottleneck, bool involution) =>
        (involution ? RedNets : ResNets)
            .Where(entry => entry.Value.SequenceEqual(blocks) && (involution || bottleneck == entry.Key >= 50))
            .Select(entry => (int?)entry.Key)
            .FirstOrDefault();

    /// <inheritdoc/>
    public override ResNetConfig Validated()
    {
        Require(
            Stages(Depth, Involution) is not null,
            $"depth {Depth} is not one of {string.Join(", ", (Involution ? RedNets : ResNets).Keys)}"
        );
        Require(Width is > 0 and <= 4096, $"width {Width} is not in 1–4096");
        // Involution reduces half the width by four and groups channels by sixteen.
        Require(
            !Involution || (Width % 8 == 0 && (Width <= 32 || Width % 32 == 0)),
            $"width {Width} is neither a multiple of 32 nor 8, 16 or 24"
        );
        Require(ImageSize is >= 8 and <= 8192, $"image size {ImageSize} is not in 8–8192");
        Require(Classes is >= 0 and <= 1 << 22, $"{Classes} classes is not in 0–{1 << 22}");
        return this;
    }

    internal override ImageModel Build() => new ResNet(this);

    internal override long MultiplyAccumulates()
    {
        long side = SmallStem ? ImageSize : Halved(ImageSize),
            total = 0,
            half = Width / 2;
        total += Involution
            ? side * side * ((27 * half) + Layers.Involution.MacsPerPosition((int)half, 3) + (9 * half * Width))
            : side * side * (SmallStem ? 27 : 147) * Width;
        if (!SmallStem)
            side = Halved(side);
        long input = Width;
        for (int stage = 0; stage < Blocks.Count; stage++)
        {
            long inner = (long)Width << stage,
                output = inner * (Bottleneck ? 4 : 1);
            for (int block = 0; block < Blocks[stage]; block++)
            {
                long before = side;
                if (stage > 0 && block == 0)
                    side = Halved(side);
                long here = side * side;
                if (Bottleneck)
                    total += (before * before * input * inner) + (here * Spatial(inner, inner)) + (here * inner * output);
                else
                    total += here * (Spatial(input, inner) + Spatial(inner, inner));
                if (block == 0 && (stage > 0 || input != output))
                    total += here * input * output;
                input = output;
            }
        }
        return total + (input * Classes);

        long Spatial(long from, long to) => Involution ? Layers.Involution.MacsPerPosition((int)to, 7) : 9 * from * to;

        static long Halved(long size) => (size + 1) / 2;
    }

    private static int[]? Stages(int depth, bool involution) => (involution ? RedNets : ResNets).GetValueOrDefault(depth);
}
