// Names of classes, from config.json.

using System.Globalization;
using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads timm's <c>label_names</c> and Hugging Face's <c>id2label</c>.</summary>
internal static class ClassNamesReader
{
    /// <summary>Names by class index; empty where the config has none or not one for each class, which is then noted.</summary>
    public static IReadOnlyList<string> Read(JsonFile? config, int classes, ReadingReport report)
    {
        if (config is null || classes == 0)
            return [];
        foreach (JsonElement? list in new[] { config.Find("label_names"), config.Find("pretrained_cfg", "label_names") })
        {
            if (list is not { ValueKind: JsonValueKind.Array } names)
                continue;
            if (names.GetArrayLength() == classes && names.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String))
                return [.. names.EnumerateArray().Select(e => e.GetString()!)];
            report.Note($"'{config.Path}' names {names.GetArrayLength()} classes, the head has {classes}: the names are left out");
        }
        string?[] byIndex = new string?[classes];
        int count = 0;
        if (config.Find("id2label") is { ValueKind: JsonValueKind.Array } inOrder)
        {
            if (inOrder.GetArrayLength() == classes && inOrder.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String))
                return [.. inOrder.EnumerateArray().Select(e => e.GetString()!)];
            report.Note(
                $"id2label of '{config.Path}' names {inOrder.GetArrayLength()} classes, the head has {classes}: the names are left out"
            );
            return [];
        }
        if (config.Find("id2label") is not { ValueKind: JsonValueKind.Object } map)
            return Inverted(config, classes, report);
        foreach (JsonProperty pair in map.EnumerateObject())
        {
            count++;
            if (
                int.TryParse(pair.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < classes
                && pair.Value.ValueKind == JsonValueKind.String
            )
                byIndex[index] = pair.Value.GetString();
        }
        if (count == classes && !byIndex.Contains(null))
            return [.. byIndex.Select(n => n!)];
        report.Note($"id2label of '{config.Path}' names {count} classes, the head has {classes}: the names are left out");
        return [];
    }

    // label2id alone says the same the other way round.
    private static IReadOnlyList<string> Inverted(JsonFile config, int classes, ReadingReport report)
    {
        if (config.Find("label2id") is not { ValueKind: JsonValueKind.Object } map)
            return [];
        string?[] byIndex = new string?[classes];
        int count = 0;
        foreach (JsonProperty pair in map.EnumerateObject())
        {
            count++;
            if (pair.Value.ValueKind == JsonValueKind.Number && pair.Value.TryGetInt32(out int index) && index >= 0 && index < classes)
                byIndex[index] = pair.Name;
        }
        if (count == classes && !byIndex.Contains(null))
            return [.. byIndex.Select(name => name!)];
        report.Note($"label2id of '{config.Path}' names {count} classes, the head has {classes}: the names are left out");
        return [];
    }
}
