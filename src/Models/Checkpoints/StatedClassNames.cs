// Class names within a checkpoint: lists, and dictionaries from name to index or back.

using System.Globalization;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Class names that a file states.</summary>
/// <param name="Source">Where, in words.</param>
/// <param name="Count">How many it names.</param>
/// <param name="Names">Names by class index; null where its indices are not 0, 1, 2, ... each once.</param>
internal sealed record StatedClassNames(string Source, int Count, IReadOnlyList<string>? Names)
{
    private const int Deepest = 4,
        MostVisited = 20_000,
        MostNames = 1 << 20,
        MostFound = 8;

    // These mean class names wherever they stand.
    private static readonly HashSet<string> Plain =
    [
        "class_to_idx",
        "class_to_index",
        "class2idx",
        "idx_to_class",
        "index_to_class",
        "idx2class",
        "idx_to_label",
        "label_to_idx",
        "idx2label",
        "label2idx",
        "idx_to_name",
        "name_to_idx",
        "id2label",
        "label2id",
        "id_to_label",
        "label_to_id",
        "class_names",
        "classnames",
        "class_name",
        "classes",
        "class_labels",
        "class_list",
        "label_names",
        "label_map",
        "labelmap",
        "target_names",
    ];

    // These may mean something else away from the top and the options.
    private static readonly HashSet<string> AtTop = ["names", "labels", "categories"];

    /// <summary>All that a pickled structure states, those nearest to its top first.</summary>
    /// <param name="path">The file, for sources.</param>
    /// <param name="root">The structure.</param>
    /// <param name="values">Reads its values.</param>
    public static IReadOnlyList<StatedClassNames> Of(string path, object? root, PlainValues values)
    {
        List<StatedClassNames> found = [];
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance),
            read = new(ReferenceEqualityComparer.Instance);
        Queue<(object? Value, string Under, int Depth, bool Top)> queue = new();
        queue.Enqueue((root, "", 0, true));
        while (queue.TryDequeue(out (object? Value, string Under, int Depth, bool Top) at))
        {
            foreach ((object? key, object? value) in values.Group(at.Value) ?? [])
            {
                if (key is not string name || value is null or long or double or bool || seen.Count >= MostVisited)
                    continue;
                string[] parts = name.Split('.', '/');
                string field = CheckpointStatements.Field(parts[^1]);
                if (parts.Any(CheckpointStatements.IsOfOthers))
                    continue;
                if (
                    (Plain.Contains(field) || (at.Top && AtTop.Contains(field)))
                    && found.Count < MostFound
                    && read.Add(value)
                    && Read(value, values, $"{Shown.Of(at.Under.Length == 0 ? name : $"{at.Under}.{name}")} of '{path}'") is { } names
                )
                    found.Add(names);
                else if (
                    at.Depth < Deepest
                    && PickleTree.TensorOf(value) is null
                    && !field.Contains("optim", StringComparison.Ordinal)
                    && (value is not string || CheckpointStatements.HoldsArguments(field))
                    && seen.Add(value)
                )
                    queue.Enqueue(
                        (
                            value,
                            PickleTree.Joined(at.Under, name),
                            at.Depth + 1,
                            (at.Top && at.Depth > 0) || CheckpointStatements.HoldsArguments(field)
                        )
                    );
            }
        }
        return found;
    }

    private static StatedClassNames? Read(object value, PlainValues values, string source)
    {
        // One text with commas is a list; another is a file's name.
        string? text = values.SpentText(value);
        if (text is not null && !LiteralText.Recognises(text))
            return !values.Spend(text.AsSpan().Count(',')) ? null
                : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 1 } parts
                    ? new(source, parts.Length, parts)
                : null;
        if (text is not null)
            value = LiteralText.Read(text) ?? "";
        if (values.Value(value, MostNames) is object[] list)
            return list.All(item => item is string) ? new(source, list.Length, [.. list.Cast<string>()]) : null;
        return values.Group(value) is { Count: > 0 } pairs ? FromPairs(pairs, values, source) : null;
    }

    private static StatedClassNames? FromPairs(IReadOnlyList<(object? Key, object? Value)> pairs, PlainValues values, string source)
    {
        (int? Index, string? Name)[] entries =
        [
            .. pairs.Select(pair => values.Value(pair.Value, 16) is { } value ? Entry(values.Value(pair.Key, 1), value) : (null, null)),
        ];
        if (entries.Any(entry => entry.Index is null || entry.Name is null))
            return null;
        string?[] names = new string?[entries.Length];
        foreach ((int? index, string? name) in entries)
        {
            if (index is >= 0 && index < names.Length)
                names[index.Value] = name;
        }
        return new(source, entries.Length, names.Contains(null) ? null : [.. names.Select(name => name!)]);
    }

    private static (int?, string?) Entry(object? key, object value) =>
        value switch
        {
            long index when key is string name => (Whole(index), name),
            string name when key is long index => (Whole(index), name),
            string name when key is string digits && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int index) =>
                (index, name),
            // ImageNet's index has the synset and the word.
            object[] { Length: > 0 } words when key is long index && words[^1] is string word => (Whole(index), word),
            object[] { Length: > 0 } words
                when key is string digits
                    && words[^1] is string word
                    && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int index) => (index, word),
            _ => (null, null),
        };

    private static int? Whole(long index) => index is >= 0 and <= int.MaxValue ? (int)index : null;
}
