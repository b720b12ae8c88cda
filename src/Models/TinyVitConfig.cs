// The shape of a TinyViT.

namespace DataFreeKD.Models;

/// <summary>Architecture of a TinyViT: a convolutional stem and stage, then three stages of windowed attention.</summary>
/// <remarks>Wu et al., ECCV 2022; the numbers are those of timm's <c>tiny_vit.py</c>. Stochastic depth is left out.</remarks>
internal sealed record TinyVitConfig : ModelConfig
{
    /// <summary>Channels of the stages.</summary>
    public StageSizes Widths { get; init; } = new(64, 128, 160, 320);

    /// <summary>Blocks of the stages.</summary>
    public StageSizes Depths { get; init; } = new(2, 2, 6, 2);

    /// <summary>Attention heads of the stages; the first has no attention.</summary>
    public StageSizes Heads { get; init; } = new(2, 4, 5, 10);

    /// <summary>Window sides of the stages, positions; the first has no attention.</summary>
    public StageSizes Windows { get; init; } = new(7, 7, 14, 7);

    /// <summary>By how much the stem shrinks the image: 4 as published, 2 or 1 for small images.</summary>
    public int StemStride { get; init; } = 4;

    /// <inheritdoc/>
    public override string Family => "TinyViT";

    /// <inheritdoc/>
    public override int Features => Widths.Fourth;

    /// <inheritdoc/>
    public override string Spec =>
        Text($"tinyvit:img={ImageSize},stem={StemStride},dims={Widths},depths={Depths},heads={Heads},windows={Windows}");

    /// <inheritdoc/>
    public override string Summary =>
        Text($"stem of stride {StemStride}, widths {Widths}, depths {Depths}, heads {Heads}, windows {Windows}");

    /// <summary>Side of a stage's map, positions.</summary>
    public int Side(int stage)
    {
        int side = ImageSize;
        // Two convolutions in the stem, one before each later stage; each halves upwards.
        for (int stride = StemStride; stride > 1; stride /= 2)
            side = (side + 1) / 2;
        for (int i = 0; i < stage; i++)
            side = (side + 1) / 2;
        return side;
    }

    /// <summary>Windows no larger than the maps: a larger one would attend to padding.</summary>
    internal TinyVitConfig WithFittingWindows() =>
        this with
        {
            Windows = StageSizes.From(stage => Math.Min(Windows[stage], Math.Max(1, Side(stage)))),
        };

    /// <inheritdoc/>
    public override TinyVitConfig Validated()
    {
        Require(ImageSize is >= 8 and <= 8192, $"image size {ImageSize} is not in 8–8192");
        Require(StemStride is 1 or 2 or 4, $"stem stride {StemStride} is not 1, 2 or 4");
        for (int stage = 0; stage < 4; stage++)
        {
            Require(Widths[stage] is > 0 and <= 65536 && Widths[stage] % 2 == 0, $"width {Widths[stage]} is not an even number in 2–65536");
            Require(Depths[stage] is > 0 and <= 1024, $"depth {Depths[stage]} is not in 1–1024");
            Require(
                stage == 0 || (Heads[stage] > 0 && Widths[stage] % Heads[stage] == 0),
                $"width {Widths[stage]} is not divisible by {Heads[stage]} heads"
            );
            Require(stage == 0 || Windows[stage] is > 0 and <= 256, $"window {Windows[stage]} is not in 1–256");
        }
        Require(Classes is >= 0 and <= 1 << 22, $"{Classes} classes is not in 0–{1 << 22}");
        return this;
    }

    internal override ImageModel Build() => new TinyVit(this);

    internal override long MultiplyAccumulates()
    {
        long first = Widths.First,
            half = first / 2,
            outer = StemStride > 1 ? (ImageSize + 1) / 2 : ImageSize,
            side = Side(0);
        long total = (outer * outer * 27 * half) + (side * side * 9 * half * first);
        // 1×1 to four times the width, depthwise 3×3, 1×1 back.
        total += Depths.First * side * side * ((8 * first * first) + (36 * first));
        for (int stage = 1; stage < 4; stage++)
        {
            long before = side * side,
                input = Widths[stage - 1],
                d = Widths[stage],
                window = Windows[stage];
            side = Side(stage);
            total += (before * input * d) + (side * side * ((9 * d) + (d * d)));
            long across = (side + window - 1) / window,
                tokens = window * window;
            long attention = across * across * ((4 * tokens * d * d) + (2 * tokens * tokens * d));
            total += Depths[stage] * (attention + (side * side * ((8 * d * d) + (9 * d))));
        }
        return total + ((long)Features * Classes);
    }
}
