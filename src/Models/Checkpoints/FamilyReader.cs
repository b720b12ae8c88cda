// Which family a state dict is of, and its shape.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads an architecture off tensors with timm's names, with what the config adds.</summary>
internal static class FamilyReader
{
    /// <summary>The families in words, for messages.</summary>
    public const string Supported = "ViT, DeiT, DeiT-distilled, DeiT-III, DINOv2, CLIP image towers, with CLS pooling";

    /// <exception cref="ModelException">Tensors are missing, of another kind of network, or contradict each other or the config.</exception>
    public static ModelConfig Read(string weights, IReadOnlyDictionary<string, Tensor> tensors, JsonFile? config, int? heads, int? argumentHeads, bool huggingFaceNames) =>
        Vit(weights, tensors, config, heads, argumentHeads, huggingFaceNames);

    private static VitConfig Vit(string weights, IReadOnlyDictionary<string, Tensor> tensors, JsonFile? config, int? heads, int? argumentHeads, bool huggingFaceNames)
    {
        long width = tensors.TryGetValue("cls_token", out Tensor? cls) && cls.shape.Length == 3 ? cls.shape[2] : 0;
        ArchitectureHints hints = ConfigReader.Hints(config, width, huggingFaceNames);
        if (hints.Heads is null && argumentHeads is not null) hints = hints with { Heads = argumentHeads, Source = $"the training arguments in '{weights}'" };
        return ArchitectureReader.Read(weights, tensors, hints, heads);
    }
}
