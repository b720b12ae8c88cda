// JSON values as entries: a text, an object, an array of fields; an object that holds several images is as many entries.

using System.Collections;
using System.Text.Json;

namespace DataFreeKD.Manifests.Lists;

/// <summary>Turns values of one list into entries, in order: an array of fields may follow one that names them.</summary>
internal sealed class JsonRows(string source, Func<string, bool> known)
{
    private static readonly string[] Many =
    [
        "images",
        "image_paths",
        "image_files",
        "imgs",
        "paths",
        "files",
        "file_names",
        "filenames",
        "filepaths",
        "urls",
        "image_urls",
    ];

    // Images times other fields of one object: each image is a row with all of them. Few fields are no harm however many images there are.
    private const long MostCells = 1_000_000;
    private const int FewFields = 16;

    // Where an object that stands for an image keeps the file or the address.
    private static readonly string[] Places = ["path", "file_name", "filename", "filepath", "file", "url", "src", "image", "bytes"];

    private IReadOnlyList<string>? columns;

    /// <summary>Whether a name is of a field that holds several images.</summary>
    public static bool IsMany(string name) => Many.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether an object stands for an image: it says where the file is, or holds it.</summary>
    public static bool IsImage(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any(property => Places.Contains(property.Name));

    /// <summary>The entries of a value.</summary>
    public IEnumerable<ListEntry> Of(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => [ListEntry.Plain(value.GetString()!)],
                JsonValueKind.Object => Fields(value),
                JsonValueKind.Array => Array(value),
                _ => [ListEntry.Broken(JsonText.Raw(value))],
            };
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair, or bytes that are no UTF-8: JSON to the reader, but no text.
            return [ListEntry.Broken(JsonText.Raw(value))];
        }
    }

    private ListEntry[] Fields(JsonElement value)
    {
        string line = JsonText.Raw(value);
        List<string> names = new();
        List<string?> values = new();
        (string Name, JsonElement[] Items)? several = null;
        JsonProperty[] properties = [.. value.EnumerateObject()];
        bool named = properties.Any(property =>
            (ColumnNames.IsPath(property.Name) || known(property.Name)) && property.Value.ValueKind == JsonValueKind.String
        );
        foreach (JsonProperty property in properties)
        {
            bool many = !named && IsMany(property.Name),
                image = many || ColumnNames.IsPath(property.Name) || known(property.Name);
            if (image && !named && property.Value.ValueKind == JsonValueKind.Array && several is null)
            {
                several = (many ? "image" : property.Name, [.. property.Value.EnumerateArray()]);
                continue;
            }
            (string name, string? text) =
                image && property.Value.ValueKind == JsonValueKind.Object
                    ? Image(property.Name, property.Value)
                    : (property.Name, JsonText.Text(property.Value));
            names.Add(name);
            values.Add(text);
        }
        if (several is not { } list)
            return [new ListEntry(line, names, values)];
        if (list.Items.Length == 0)
            return [new ListEntry(line, [.. names, list.Name], [.. values, null])];
        if (names.Count > FewFields && (long)names.Count * list.Items.Length > MostCells)
        {
            TableNotes.Tell(
                $"{source}: an object of {list.Items.Length} images and {names.Count} other fields is left out as broken: more than {MostCells} values; give each image an object of its own"
            );
            return [ListEntry.Broken(line)];
        }
        return
        [
            .. list.Items.Select(item =>
            {
                (string name, string? text) =
                    item.ValueKind == JsonValueKind.Object ? Image(list.Name, item) : Placed(list.Name, JsonText.Text(item));
                return new ListEntry(line, new WithLast<string>(names, name), new WithLast<string?>(values, text));
            }),
        ];
    }

    // {"image": {"path": "a.jpg", "bytes": null}}, as Hugging Face's datasets write it.
    private (string Name, string? Text) Image(string name, JsonElement value)
    {
        // Beside bytes a path is but the name that the file had.
        bool bytes =
            value.TryGetProperty("bytes", out JsonElement held)
            && held.ValueKind == JsonValueKind.String
            && held.GetString() is { Length: > 0 };
        foreach (string place in Places)
        {
            foreach (JsonProperty property in value.EnumerateObject())
            {
                if (!property.NameEquals(place))
                    continue;
                if (
                    bytes
                    && place == "path"
                    && property.Value.ValueKind == JsonValueKind.String
                    && !HeadlessList.IsFile(property.Value.GetString()!, source)
                )
                    continue;
                if (property.Value.ValueKind == JsonValueKind.Object)
                    return Image(name, property.Value);
                if (property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is { Length: > 0 } text)
                    return place == "bytes" ? (name, "data:;base64," + text) : Placed(name, text);
            }
        }
        // Of an image that is not there each place is empty.
        bool none = IsImage(value) && value.EnumerateObject().All(property => property.Value.ValueKind != JsonValueKind.Array);
        return (name, none ? null : JsonText.Raw(value));
    }

    private static (string Name, string? Text) Placed(string name, string? text) =>
        (
            text is not null && !name.Contains("url", StringComparison.OrdinalIgnoreCase) && HeadlessList.IsAddress(text) ? "url" : name,
            text
        );

    private IEnumerable<ListEntry> Array(JsonElement value)
    {
        string line = JsonText.Raw(value);
        JsonElement[] items = [.. value.EnumerateArray()];
        // A file of one line, or lines of batches.
        if (items.Length > 0 && items.All(item => item.ValueKind == JsonValueKind.Object))
            return items.SelectMany(Of);
        string?[] fields = [.. items.Select(JsonText.Text)];
        if (columns is null)
        {
            if (fields.Any(field => field is not null && known(field.Trim())))
            {
                columns = ListReader.Named([.. fields.Select(field => field ?? "")]);
                return [];
            }
            columns = HeadlessList.ColumnsOf(fields, source);
        }
        return [columns?.Count == fields.Length ? new ListEntry(line, columns, fields) : ListEntry.Broken(line)];
    }

    // A list that many rows share, and one more item.
    private sealed class WithLast<T>(List<T> shared, T last) : IReadOnlyList<T>
    {
        public int Count => shared.Count + 1;

        public T this[int index] => index == shared.Count ? last : shared[index];

        public IEnumerator<T> GetEnumerator() => shared.Append(last).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
