// What config.json tells: heads, epsilon and class names, in Hugging Face's or timm's fields.

using System.Globalization;
using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads the fields of config.json that tensors cannot tell.</summary>
internal static class ConfigReader
{
    /// <summary>Heads and epsilon; of the architecture's name only where the registry knows it.</summary>
    /// <param name="config">The config, or null where there is none.</param>
    /// <param name="width">Embedding width of the tensors, to tell whether a registered name fits them.</param>
    /// <param name="huggingFaceNames">Whether the tensors bear Hugging Face's names, whose LayerNorm epsilon is 1e-12 unless told.</param>
    public static ArchitectureHints Hints(JsonFile? config, long width, bool huggingFaceNames)
    {
        double? epsilon = huggingFaceNames ? 1e-12 : null;
        if (config is null) return new ArchitectureHints { Epsilon = epsilon };
        VitConfig? named = config.Text("architecture") is { } name && ModelRegistry.Find(name)?.Config is VitConfig known && known.Width == width ? known : null;
        return new ArchitectureHints
        {
            Heads = config.Int("num_attention_heads") ?? config.Int("model_args", "num_heads") ?? config.Int("num_heads") ?? named?.Heads,
            Epsilon = config.Number("layer_norm_eps") ?? epsilon ?? named?.LayerNormEpsilon,
            NoEmbedClass = config.Flag("model_args", "no_embed_class") ?? named?.NoEmbedClass,
            Source = $"'{config.Path}'",
        };
    }

    /// <summary>Names by class index; empty where the config has none or not one for each class.</summary>
    public static IReadOnlyList<string> ClassNames(JsonFile? config, int classes)
    {
        if (config is null) return [];
        foreach (JsonElement? list in new[] { config.Find("label_names"), config.Find("pretrained_cfg", "label_names") })
        {
            if (list is { ValueKind: JsonValueKind.Array } names && names.GetArrayLength() == classes && names.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)) return [.. names.EnumerateArray().Select(e => e.GetString()!)];
        }
        if (config.Find("id2label") is not { ValueKind: JsonValueKind.Object } map) return [];
        string?[] byIndex = new string?[classes];
        foreach (JsonProperty pair in map.EnumerateObject())
        {
            if (int.TryParse(pair.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < classes && pair.Value.ValueKind == JsonValueKind.String) byIndex[index] = pair.Value.GetString();
        }
        return byIndex.Any(n => n is null) ? [] : [.. byIndex.Select(n => n!)];
    }
}
