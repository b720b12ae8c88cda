// Names of classes: of config.json, else of the checkpoint.

using System.Globalization;
using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads timm's <c>label_names</c>, Hugging Face's <c>id2label</c>, and what trainers keep beside the weights.</summary>
internal static class ClassNamesReader
{
    /// <summary>Names by class index; empty where nothing names each class once, which is noted where something names some.</summary>
    /// <param name="config">The config, or null; it counts before the checkpoint.</param>
    /// <param name="stated">What the checkpoint states.</param>
    /// <param name="classes">Outputs of the head.</param>
    /// <param name="report">Takes the source, and a note on each list that does not fit or says otherwise.</param>
    public static IReadOnlyList<string> Read(JsonFile? config, IReadOnlyList<StatedClassNames> stated, int classes, ReadingReport report)
    {
        if (classes == 0)
            return [];
        StatedClassNames? chosen = null;
        // Transformers numbers classes that nobody named.
        foreach (StatedClassNames names in OfConfig(config).Concat(stated).OrderBy(names => IsNumbered(names) ? 1 : 0))
        {
            if (names.Count != classes)
                report.Note($"{names.Source} names {names.Count} classes, the head has {classes}: the names are left out");
            else if (names.Names is null)
                report.Note($"{names.Source} does not name each of the classes 0 to {classes - 1} once: the names are left out");
            else if (chosen is null)
                chosen = names;
            else if (!IsNumbered(names) && Different(chosen, names) is { } index)
                report.Note(
                    $"{names.Source} calls class {index} '{Shown.Of(names.Names[index])}', {chosen.Source} calls it '{Shown.Of(chosen.Names![index])}', which counts"
                );
        }
        if (chosen is null)
            return [];
        report.Add(
            "class names",
            new Told<int>(
                classes,
                chosen.Source,
                chosen.Source.EndsWith($"'{config?.Path}'", StringComparison.Ordinal) ? FactSource.Config : FactSource.Arguments
            ),
            count => count.ToString(CultureInfo.InvariantCulture)
        );
        return chosen.Names!;
    }

    private static int? Different(StatedClassNames one, StatedClassNames other)
    {
        for (int i = 0; i < one.Count; i++)
        {
            if (one.Names![i] != other.Names![i])
                return i;
        }
        return null;
    }

    private static bool IsNumbered(StatedClassNames names) =>
        names.Names is { } all
        && all.Select((name, i) => name == string.Create(CultureInfo.InvariantCulture, $"LABEL_{i}")).All(numbered => numbered);

    private static IEnumerable<StatedClassNames> OfConfig(JsonFile? config)
    {
        if (config is null)
            yield break;
        foreach (
            (string field, JsonElement? element) in new[]
            {
                ("label_names", config.Find("label_names")),
                ("pretrained_cfg.label_names", config.Find("pretrained_cfg", "label_names")),
                ("id2label", config.Find("id2label")),
                ("label2id", config.Find("label2id")),
            }
        )
        {
            string source = $"{field} of '{config.Path}'";
            if (element is { ValueKind: JsonValueKind.Array } list)
                yield return new(
                    source,
                    list.GetArrayLength(),
                    list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
                        ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
                        : null
                );
            else if (element is { ValueKind: JsonValueKind.Object } pairs)
                // label2id says the same the other way round.
                yield return ByIndex(
                    source,
                    field == "label2id"
                        ? [.. pairs.EnumerateObject().Select(pair => (Index(pair.Value.GetRawText()), (string?)pair.Name))]
                        : [.. pairs.EnumerateObject().Select(pair => (Index(pair.Name), Text(pair.Value)))]
                );
        }
    }

    private static StatedClassNames ByIndex(string source, IReadOnlyList<(int Index, string? Name)> pairs)
    {
        string?[] names = new string?[pairs.Count];
        foreach ((int index, string? name) in pairs)
        {
            if (index >= 0 && index < names.Length)
                names[index] = name;
        }
        return new(source, pairs.Count, names.Contains(null) ? null : [.. names.Select(name => name!)]);
    }

    private static int Index(string text) =>
        int.TryParse(text.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : -1;

    private static string? Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;
}
