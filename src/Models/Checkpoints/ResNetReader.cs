// The shape of a ResNet or RedNet, read off its tensors.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads a <see cref="ResNetConfig"/>.</summary>
internal static class ResNetReader
{
    public static bool Recognises(IReadOnlyDictionary<string, Tensor> tensors) => tensors.ContainsKey("layer1.0.conv1.weight");

    /// <param name="shapes">The tensors.</param>
    /// <param name="hint">What the config or the file's name calls it; tells of a RedNet's stem, which tensors cannot.</param>
    /// <param name="inputSize">Input side from the config.</param>
    public static ResNetConfig Read(ShapeReader shapes, ResNetConfig? hint, int? inputSize)
    {
        bool involution = shapes.Has("stem.0.conv.weight"),
            bottleneck = shapes.Has("layer1.0.conv3.weight");
        int[] blocks = [.. Enumerable.Range(1, 4).Select(stage => shapes.Count(block => $"layer{stage}.{block}.conv1.weight"))];
        int depth = ResNetConfig.DepthOf(blocks, bottleneck, involution)
            ?? throw shapes.Bad(
                $"it is a residual network with {string.Join(", ", blocks)} {(bottleneck ? "bottleneck" : "basic")} blocks, which is no depth that is known"
            );
        int width = involution ? shapes.Size("stem.4.conv.weight", 4, 0) : shapes.Size("conv1.weight", 4, 0);
        bool small = involution ? hint is { Involution: true, SmallStem: true } : shapes.Size("conv1.weight", 4, 2) == 3;
        return new ResNetConfig
        {
            Depth = depth,
            Width = width,
            SmallStem = small,
            Involution = involution,
            ImageSize = inputSize ?? hint?.ImageSize ?? (small ? 32 : 224),
            Classes = shapes.Has("fc.weight") ? shapes.Size("fc.weight", 2, 0) : 0,
        }.Validated();
    }
}
