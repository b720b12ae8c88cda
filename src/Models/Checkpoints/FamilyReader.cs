// Which family a state dict is of, and its shape.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads an architecture off tensors with timm's names, with what config and checkpoint add.</summary>
internal static class FamilyReader
{
    /// <summary>The families in words, for messages.</summary>
    public const string Supported =
        "ViT, DeiT, DeiT-III, DINOv2, DINOv3, BEiT, EVA, EVA-02, AIMv2, CLIP and SigLIP image towers, in timm's, Hugging Face's or torchvision's names; ResNet, RedNet, TinyViT";

    // A ResNet's and a TinyViT's arguments that tensors tell, or that training alone heeds, are in the contract; of these only one value is
    // read.
    private static readonly (string Field, string[] Values)[] Convolutional =
    [
        ("act_layer", ["relu"]),
        ("aa_layer", []),
        ("global_pool", ["avg", ""]),
        ("block_args", []),
        ("block", ["BasicBlock", "Bottleneck"]),
    ];

    /// <exception cref="ModelException">Tensors are missing, of another kind of network, or contradict each other or the
    /// config.</exception>
    public static ModelConfig Read(NetworkSource source, JsonFile? config)
    {
        ShapeReader shapes = new(source.Report.Path, source.Tensors);
        if (source.Named is { Value.Other.Length: > 0 } other)
            throw source.Report.Bad($"{other.Source} is '{other.Value.Name}', which has {other.Value.Other}: that is not read");
        bool residual = ResNetReader.Recognises(source.Tensors);
        if (!residual && !TinyVitReader.Recognises(source.Tensors))
            return VitReader.Read(source);
        ModelConfig? hint = Hint(source);
        ModelConfig read = residual
            ? ResNetReader.Read(shapes, hint as ResNetConfig, InputSize(config))
            : TinyVitReader.Read(shapes, hint as TinyVitConfig, config);
        ConfigContract.ClassesFit(read.Classes, source.Stated, source.Report);
        ConfigContract.OnlyValues(source.Stated, source.Report);
        foreach ((string field, string[] values) in Convolutional)
        {
            if (!residual && field is "act_layer")
                continue;
            foreach (Statement statement in source.Stated.Of(field))
            {
                if (statement.By == FactSource.Config && !(statement.Value is string text && values.Contains(text)))
                    throw source.Report.Bad(
                        $"{statement.Source} is {Statements.Show(statement.Value)}, which is not read in a {read.Family}"
                    );
            }
        }
        source.Report.Add(
            "input side",
            InputSize(config) is not null
                    ? new Told<int>(read.ImageSize, $"pretrained_cfg.input_size of '{config!.Path}'", FactSource.Config)
                : hint is not null ? new(read.ImageSize, "the architecture's name", FactSource.Registry)
                : new(read.ImageSize, "", FactSource.Assumed),
            side => side.ToString(System.Globalization.CultureInfo.InvariantCulture)
        );
        return read;
    }

    // What config.json calls the architecture: a registered name or a free spec. Another tool's name tells nothing.
    private static ModelConfig? Hint(NetworkSource source)
    {
        foreach (Statement statement in source.Stated.Of("architecture"))
        {
            if (statement.Value is not string text)
                continue;
            if (text.Contains(':', StringComparison.Ordinal) && FreeSpec.All.ContainsKey(text.Split(':')[0]))
                return ModelRegistry.Resolve(text);
            if (ModelRegistry.Find(text) is { } entry)
                return entry.Config;
        }
        return null;
    }

    /// <summary>Input side of <c>pretrained_cfg</c>.</summary>
    public static int? InputSize(JsonFile? config)
    {
        string[] keys = ["pretrained_cfg", "input_size"];
        return config?.Floats(keys) is { } sizes
            ? sizes is [3, var height, var width] && height == width && height % 1 == 0
                ? (int)height
                : throw config.Bad(keys, config.Find(keys)!.Value)
            : null;
    }
}
