// Which family a state dict is of, and its shape.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads an architecture off tensors with timm's names, with what the config adds.</summary>
internal static class FamilyReader
{
    /// <summary>The families in words, for messages.</summary>
    public const string Supported = "ViT, DeiT, DeiT-distilled, DeiT-III, DINOv2, CLIP image towers, with CLS pooling; ResNet, RedNet, TinyViT";

    /// <exception cref="ModelException">Tensors are missing, of another kind of network, or contradict each other or the config.</exception>
    public static ModelConfig Read(string weights, IReadOnlyDictionary<string, Tensor> tensors, JsonFile? config, RegistryEntry? named, int? heads, int? argumentHeads, bool huggingFaceNames)
    {
        ShapeReader shapes = new(weights, tensors);
        if (ResNetReader.Recognises(tensors)) return ResNetReader.Read(shapes, Hint(config, named) as ResNetConfig, InputSize(config));
        if (TinyVitReader.Recognises(tensors)) return TinyVitReader.Read(shapes, Hint(config, named) as TinyVitConfig, config);
        return Vit(weights, tensors, config, heads, argumentHeads, huggingFaceNames);
    }

    // What config.json calls the architecture: a registered name or a free spec. Another tool's name tells nothing.
    private static ModelConfig? Hint(JsonFile? config, RegistryEntry? named)
    {
        if (config?.Text("architecture") is { } text && text.Contains(':', StringComparison.Ordinal) && FreeSpec.All.ContainsKey(text.Split(':')[0])) return ModelRegistry.Resolve(text);
        return named?.Config;
    }

    /// <summary>Input side of <c>pretrained_cfg</c>.</summary>
    public static int? InputSize(JsonFile? config)
    {
        string[] keys = ["pretrained_cfg", "input_size"];
        return config?.Floats(keys) is { } sizes ? sizes is [3, var height, var width] && height == width && height % 1 == 0 ? (int)height : throw config.Bad(keys, config.Find(keys)!.Value) : null;
    }

    private static VitConfig Vit(string weights, IReadOnlyDictionary<string, Tensor> tensors, JsonFile? config, int? heads, int? argumentHeads, bool huggingFaceNames)
    {
        long width = tensors.TryGetValue("cls_token", out Tensor? cls) && cls.shape.Length == 3 ? cls.shape[2] : 0;
        ArchitectureHints hints = ConfigReader.Hints(config, width, huggingFaceNames);
        if (hints.Heads is null && argumentHeads is not null) hints = hints with { Heads = argumentHeads, Source = $"the training arguments in '{weights}'" };
        return ArchitectureReader.Read(weights, tensors, hints, heads);
    }
}
