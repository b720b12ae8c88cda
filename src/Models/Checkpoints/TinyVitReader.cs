// The shape of a TinyViT, read off its tensors.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads a <see cref="TinyVitConfig"/>.</summary>
internal static class TinyVitReader
{
    public static bool Recognises(IReadOnlyDictionary<string, Tensor> tensors) => tensors.ContainsKey("patch_embed.conv1.conv.weight");

    /// <param name="shapes">The tensors.</param>
    /// <param name="hint">What the config or the file's name calls it; tells the stem's stride, which tensors cannot.</param>
    /// <param name="file">config.json, for the input side and what the first stage is said to have.</param>
    public static TinyVitConfig Read(ShapeReader shapes, TinyVitConfig? hint, JsonFile? file)
    {
        TinyVitConfig config = new()
        {
            Widths = StageSizes.From(stage =>
                stage == 0
                    ? shapes.Size("patch_embed.conv2.conv.weight", 4, 0)
                    : shapes.Size($"stages.{stage}.downsample.conv1.conv.weight", 4, 0)
            ),
            Depths = StageSizes.From(stage =>
                shapes.Count(block =>
                    stage == 0 ? $"stages.0.blocks.{block}.conv1.conv.weight" : $"stages.{stage}.blocks.{block}.attn.qkv.weight"
                )
            ),
            StemStride = hint?.StemStride ?? 4,
            Classes = shapes.Has("head.fc.weight") ? shapes.Size("head.fc.weight", 2, 0) : 0,
        };
        StageSizes heads = StageSizes.From(stage => stage == 0 ? 0 : shapes.Size(Biases(stage), 2, 0)),
            windows = StageSizes.From(stage => stage == 0 ? 0 : Root(stage));
        // The first stage has no attention: its numbers stand in the config alone.
        heads = heads with { First = First("num_heads") ?? hint?.Heads.First ?? 1 };
        windows = windows with { First = First("window_sizes") ?? hint?.Windows.First ?? windows.Second };
        config = config with { Heads = heads, Windows = windows };
        // The published input sizes are 32 windows of the last stage.
        return (
            config with
            {
                ImageSize = FamilyReader.InputSize(file) ?? (hint?.Windows == windows ? hint.ImageSize : 32 * windows.Fourth),
            }
        ).Validated();

        int? First(string argument) => (int?)file?.Floats("model_args", argument)?.FirstOrDefault();

        int Root(int stage)
        {
            int offsets = shapes.Size(Biases(stage), 2, 1),
                side = (int)Math.Round(Math.Sqrt(offsets));
            return side * side == offsets
                ? side
                : throw shapes.Bad($"tensor '{Biases(stage)}' has {offsets} offsets, which are no square window");
        }

        static string Biases(int stage) => $"stages.{stage}.blocks.0.attn.attention_biases";
    }
}
