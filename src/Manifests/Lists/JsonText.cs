// JSON of other tools: an array or a line each of objects or plain addresses; one object of columns, of rows by key, or with a list of rows
// in it.

using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace DataFreeKD.Manifests.Lists;

internal static class JsonText
{
    // Enough to tell what keys are.
    private const int KeysLookedAt = 16;

    // Bytes of one value, unpacked: an element of an array, or one object for a whole file. The reader holds it whole.
    private const long LongestValue = 16 << 20;
    private const long LongestObject = 64 << 20;

    private static readonly JsonSerializerOptions Lenient = new()
    {
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };
    private static readonly JsonDocumentOptions LenientLine = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Streams a file that may be of any form. One object of a whole file is held in memory; all else is streamed.</summary>
    /// <param name="open">Opens the file; it is read more than once.</param>
    /// <param name="source">Its name.</param>
    /// <param name="known">Tells the names of columns that are looked for.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="TableException">An array that breaks off or holds what is not JSON: what follows cannot be told. One object with
    /// text that is none. A value that is too long to be held.</exception>
    public static IEnumerable<ListEntry> Read(Func<Stream> open, string source, Func<string, bool> known, CancellationToken cancel)
    {
        Stream Utf8() => new PythonNumbers(TextLines.AsUtf8(open()), ListReader.IsOfLines(source));
        JsonRows rows = new(source, known);
        string[] first = FirstLines(Utf8, source, cancel);
        if (first.Length == 2 && IsWhole(first[0]))
            return Lines(Utf8, source, rows, cancel);
        return first is [var line, ..] && line.TrimStart().StartsWith('[')
            ? Values(Utf8, source, one: true, LongestValue, cancel).SelectMany(rows.Of)
            : Objects(Utf8, source, known, rows, cancel);
    }

    // One JSON value a line.
    private static IEnumerable<ListEntry> Lines(Func<Stream> open, string source, JsonRows rows, CancellationToken cancel)
    {
        using Stream stream = open();
        foreach (string line in TextLines.Read(stream, source, cancel))
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            JsonDocument? document = null;
            try
            {
                document = JsonDocument.Parse(line, LenientLine);
            }
            catch (JsonException)
            {
                // Told as it is.
            }
            if (document is null)
            {
                yield return ListEntry.Broken(line);
                continue;
            }
            using (document)
            {
                foreach (ListEntry entry in rows.Of(document.RootElement))
                    yield return entry;
            }
        }
    }

    // The elements of one array, or values that follow one another over any number of lines.
    private static IEnumerable<JsonElement> Values(Func<Stream> open, string source, bool one, long most, CancellationToken cancel)
    {
        string refusal =
            $"{source}: one value in it is longer than {most >> 20} MiB or has more than four million parts, which would have to be held in memory whole; write one object a line, such as by: jq -c '.images[]' a.json > a.jsonl";
        // The reader fills its buffer, up to four times an element's length, before it looks for the element's end.
        using BoundedValues stream = new(open(), LongestObject, refusal);
        IAsyncEnumerator<JsonElement> elements = JsonSerializer
            .DeserializeAsyncEnumerable<JsonElement>(stream, topLevelValues: !one, Lenient, cancel)
            .GetAsyncEnumerator(cancel);
        try
        {
            while (Next())
            {
                stream.Ended();
                if (JsonMarshal.GetRawUtf8Value(elements.Current).Length > most)
                    throw new TableException(refusal);
                yield return elements.Current;
            }
        }
        finally
        {
            Blocking.Wait(() => elements.DisposeAsync().AsTask());
        }

        bool Next()
        {
            try
            {
                return Blocking.Wait(() => elements.MoveNextAsync().AsTask());
            }
            catch (JsonException problem)
            {
                throw new TableException(
                    $"{source}: not JSON {(one ? "as an array of objects or addresses" : "throughout")}: {problem.Message} Mend it, or write one object a line as .jsonl",
                    problem
                );
            }
        }
    }

    // An object over several lines, alone or followed by others.
    private static IEnumerable<ListEntry> Objects(
        Func<Stream> open,
        string source,
        Func<string, bool> known,
        JsonRows rows,
        CancellationToken cancel
    )
    {
        JsonElement[] first;
        try
        {
            first = [.. Values(open, source, one: false, LongestObject, cancel).Take(2)];
        }
        catch (TableException problem) when (problem.InnerException is JsonException)
        {
            // Lines of which the first is broken.
            return Lines(open, source, rows, cancel);
        }
        if (first is not [{ ValueKind: JsonValueKind.Object } only])
            return Values(open, source, one: false, LongestValue, cancel).SelectMany(rows.Of);
        try
        {
            return [.. Rows(only, source, known, rows)];
        }
        catch (InvalidOperationException problem)
        {
            // In one object for the whole file there is no row to give up.
            throw new TableException(
                $"{source}: a name or a text in it is no UTF-8, or half of an escaped pair; save it as UTF-8",
                problem
            );
        }
    }

    // One object for a whole file. Which form it has is told by where the names that are looked for stand.
    private static IEnumerable<ListEntry> Rows(JsonElement root, string source, Func<string, bool> known, JsonRows rows)
    {
        JsonProperty[] properties = [.. root.EnumerateObject()];
        JsonProperty[] arrays = [.. properties.Where(property => property.Value.ValueKind == JsonValueKind.Array)];
        // A row by itself: its other values may be arrays all the same.
        if (
            properties.Any(property =>
                known(property.Name) && (property.Value.ValueKind == JsonValueKind.String || JsonRows.IsImage(property.Value))
            )
        )
            return rows.Of(root);
        // A file of lines that has but one holds a row, with an image or several.
        bool row = ListReader.IsOfLines(source);
        if (row && arrays.Any(property => known(property.Name) || JsonRows.IsMany(property.Name)))
            return rows.Of(root);
        if (properties.Any(property => known(property.Name) && IsColumn(property.Value)))
            return Columns(properties, source);
        if (
            arrays.FirstOrDefault(property => property.Name == "columns") is { Value.ValueKind: JsonValueKind.Array } names
            && arrays.FirstOrDefault(property => property.Name == "data") is { Value.ValueKind: JsonValueKind.Array } data
            && data.Value.EnumerateArray().All(row => row.ValueKind == JsonValueKind.Array)
        )
            return Split(names.Value, data.Value);
        if (arrays.Where(property => HoldsRows(property.Value, known)).ToArray() is { Length: > 0 } lists)
            return Lists(lists, source, rows);
        if (
            properties.Length > 0
            && properties.All(property => property.Value.ValueKind == JsonValueKind.Object)
            && properties.Any(property => property.Value.EnumerateObject().Any(field => known(field.Name)))
        )
            return properties.SelectMany(property => rows.Of(property.Value));
        if (Keyed(properties, source) is { } keyed)
            return keyed;
        if (arrays.Where(property => HoldsFiles(property.Value, source)).ToArray() is [var only])
            return only.Value.EnumerateArray().SelectMany(rows.Of);
        if (!row && arrays.Length > 0 && arrays.All(property => property.Value.GetArrayLength() == arrays[0].Value.GetArrayLength()))
            return Columns(properties, source);
        return rows.Of(root);
    }

    private static bool IsColumn(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Array => value.EnumerateArray().All(IsSingle),
            JsonValueKind.Object => value.EnumerateObject().All(item => IsSingle(item.Value)),
            _ => false,
        };

    private static bool IsSingle(JsonElement value) => value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    private static bool HoldsRows(JsonElement array, Func<string, bool> known) =>
        array
            .EnumerateArray()
            .Any(item =>
                item.ValueKind == JsonValueKind.Object
                && item.EnumerateObject().Any(field => known(field.Name) || JsonRows.IsMany(field.Name))
            );

    private static bool HoldsFiles(JsonElement array, string source) =>
        array.GetArrayLength() > 0
        && array
            .EnumerateArray()
            .Take(KeysLookedAt)
            .All(item => item.ValueKind == JsonValueKind.String && HeadlessList.Names(item.GetString()!, source) is not null);

    // {"train": [...], "val": [...]}. Beside COCO's images other lists name files of their own, such as masks.
    private static IEnumerable<ListEntry> Lists(JsonProperty[] lists, string source, JsonRows rows)
    {
        if (lists.FirstOrDefault(list => list.Name == "images") is { Value.ValueKind: JsonValueKind.Array } images)
            lists = [images];
        if (lists.Length > 1)
            TableNotes.Tell(
                $"{source} holds several lists, and the rows of all are taken: {string.Join(", ", lists.Select(list => list.Name))}"
            );
        return lists.SelectMany(list => list.Value.EnumerateArray()).SelectMany(rows.Of);
    }

    // {"url": ["a", "b"], "caption": ["one", "two"]}, and as pandas writes it, {"url": {"0": "a", "1": "b"}, ...}. Single values stand for
    // the whole file.
    private static IEnumerable<ListEntry> Columns(JsonProperty[] properties, string source)
    {
        (string Name, string?[] Values)[] columns =
        [
            .. properties
                .Where(property => property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
                .Select(property =>
                    (
                        property.Name,
                        property.Value.ValueKind == JsonValueKind.Array
                            ? property.Value.EnumerateArray().Select(Text).ToArray()
                            : [.. property.Value.EnumerateObject().Select(value => Text(value.Value))]
                    )
                ),
        ];
        string[] names = [.. columns.Select(column => column.Name)];
        int count = columns.Max(column => column.Values.Length);
        if (columns.FirstOrDefault(column => column.Values.Length != count) is { Name: { } shorter } one)
            throw new TableException(
                $"{source}: the column '{shorter}' has {one.Values.Length} values and '{columns.First(column => column.Values.Length == count).Name}' has {count}; which rows they belong to cannot be told: give every column as many"
            );
        for (int row = 0; row < count; row++)
        {
            int at = row;
            string?[] values = [.. columns.Select(column => at < column.Values.Length ? column.Values[at] : null)];
            yield return new ListEntry(string.Join(' ', values), names, values);
        }
    }

    // {"photos/a.jpg": {"label": 3}, "photos/b.jpg": 5}: the keys are files that are there, or addresses.
    private static IEnumerable<ListEntry>? Keyed(JsonProperty[] properties, string source)
    {
        string? kind = properties.Length > 0 ? HeadlessList.Names(properties[0].Name, source) : null;
        if (kind is null || properties.Take(KeysLookedAt).Any(property => HeadlessList.Names(property.Name, source) != kind))
            return null;
        return properties.Select(property =>
        {
            (string Name, string? Value)[] fields =
                property.Value.ValueKind == JsonValueKind.Object
                    ?
                    [
                        .. property
                            .Value.EnumerateObject()
                            .Where(field => field.Name != kind)
                            .Select(field => (field.Name, Text(field.Value))),
                    ]
                    : [("value", Text(property.Value))];
            return new ListEntry(
                property.Name,
                [kind, .. fields.Select(field => field.Name)],
                [property.Name, .. fields.Select(field => field.Value)]
            );
        });
    }

    private static IEnumerable<ListEntry> Split(JsonElement names, JsonElement rows)
    {
        string[] columns = [.. names.EnumerateArray().Select(name => Text(name) ?? "")];
        return rows.EnumerateArray()
            .Select(row => (Raw: Raw(row), Values: row.EnumerateArray().Select(Text).ToArray()))
            .Select(row => row.Values.Length == columns.Length ? new ListEntry(row.Raw, columns, row.Values) : ListEntry.Broken(row.Raw))
            .ToArray();
    }

    internal static string? Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => Raw(value),
        };

    // Unlike GetRawText it does not throw where the bytes are no UTF-8.
    internal static string Raw(JsonElement element) => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(element));

    private static string[] FirstLines(Func<Stream> open, string source, CancellationToken cancel)
    {
        using Stream stream = open();
        return [.. TextLines.Read(stream, source, cancel).Where(line => !string.IsNullOrWhiteSpace(line)).Take(2)];
    }

    private static bool IsWhole(string line)
    {
        try
        {
            JsonDocument.Parse(line, LenientLine).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
