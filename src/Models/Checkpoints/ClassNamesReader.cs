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
        foreach (
            JsonElement? list in new[] { config.Find("label_names"), config.Find("pretrained_cfg", "label_names"), config.Find("id2label") }
        )
        {
            if (list is not { ValueKind: JsonValueKind.Array } names)
                continue;
            if (names.GetArrayLength() == classes && names.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String))
                return [.. names.EnumerateArray().Select(e => e.GetString()!)];
            report.Note($"'{config.Path}' names {names.GetArrayLength()} classes, the head has {classes}: the names are left out");
        }
        if (config.Find("id2label") is { ValueKind: JsonValueKind.Object } byIndex)
            return ByIndex("id2label", byIndex.EnumerateObject().Select(pair => (Index(pair.Name), Text(pair.Value))));
        // label2id alone says the same the other way round.
        if (config.Find("label2id") is { ValueKind: JsonValueKind.Object } byName)
            return ByIndex("label2id", byName.EnumerateObject().Select(pair => (Index(pair.Value.GetRawText()), (string?)pair.Name)));
        return [];

        IReadOnlyList<string> ByIndex(string field, IEnumerable<(int Index, string? Name)> pairs)
        {
            string?[] names = new string?[classes];
            int count = 0;
            foreach ((int index, string? name) in pairs)
            {
                count++;
                if (index >= 0 && index < classes)
                    names[index] = name;
            }
            if (count == classes && !names.Contains(null))
                return [.. names.Select(name => name!)];
            report.Note($"{field} of '{config.Path}' names {count} classes, the head has {classes}: the names are left out");
            return [];
        }
    }

    private static int Index(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : -1;

    private static string? Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;
}
