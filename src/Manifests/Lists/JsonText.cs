// JSON from strangers: an array or a line each of objects or plain addresses; one object of columns, of rows by key, or with a list of rows
// in it.

using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace DataFreeKD.Manifests.Lists;

internal static class JsonText
{
    // Enough to tell what keys are.
    private const int KeysLookedAt = 16;

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
    /// text that is none.</exception>
    public static IEnumerable<ListEntry> Read(Func<Stream> open, string source, Func<string, bool> known, CancellationToken cancel)
    {
        if (StartsAnArray(open))
            return Array(open, source, cancel);
        return IsOfLines(open, source, cancel) ? ReadLines(open, source, cancel) : Whole(open, source, known, cancel);
    }

    /// <summary>Streams a file of one JSON value a line.</summary>
    public static IEnumerable<ListEntry> ReadLines(Func<Stream> open, string source, CancellationToken cancel)
    {
        using Stream stream = open();
        foreach (string line in TextLines.Read(stream, source, cancel))
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return Line(line);
        }
    }

    private static IEnumerable<ListEntry> Array(Func<Stream> open, string source, CancellationToken cancel)
    {
        using Stream stream = open();
        IAsyncEnumerator<JsonElement> elements = JsonSerializer
            .DeserializeAsyncEnumerable<JsonElement>(stream, Lenient, cancel)
            .GetAsyncEnumerator(cancel);
        try
        {
            while (Next())
                yield return Entry(elements.Current);
        }
        finally
        {
            elements.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        bool Next()
        {
            try
            {
                return elements.MoveNextAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (JsonException problem)
            {
                throw new TableException(
                    $"{source}: not a JSON array of objects or addresses: {problem.Message} Mend it, or write one object a line as .jsonl",
                    problem
                );
            }
        }
    }

    private static IEnumerable<ListEntry> Whole(Func<Stream> open, string source, Func<string, bool> known, CancellationToken cancel)
    {
        JsonDocument? document = null;
        try
        {
            using Stream stream = open();
            document = JsonDocument.Parse(stream, LenientLine);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // Lines of which the first is broken.
        }
        if (document is null)
            return ReadLines(open, source, cancel);
        try
        {
            using (document)
                return
                [
                    .. document.RootElement.ValueKind == JsonValueKind.Object
                        ? Rows(document.RootElement, source, known)
                        : [Entry(document.RootElement)],
                ];
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
    private static IEnumerable<ListEntry> Rows(JsonElement root, string source, Func<string, bool> known)
    {
        JsonProperty[] properties = [.. root.EnumerateObject()];
        JsonProperty[] arrays = [.. properties.Where(property => property.Value.ValueKind == JsonValueKind.Array)];
        if (properties.Any(property => known(property.Name) && property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object))
            return Columns(properties);
        if (
            arrays.FirstOrDefault(property => property.Name == "columns") is { Value.ValueKind: JsonValueKind.Array } names
            && arrays.FirstOrDefault(property => property.Name == "data") is { Value.ValueKind: JsonValueKind.Array } data
            && data.Value.EnumerateArray().All(row => row.ValueKind == JsonValueKind.Array)
        )
            return Split(names.Value, data.Value);
        if (
            arrays.FirstOrDefault(property =>
                property
                    .Value.EnumerateArray()
                    .Any(row => row.ValueKind == JsonValueKind.Object && row.EnumerateObject().Any(field => known(field.Name)))
            ) is
            { Value.ValueKind: JsonValueKind.Array } rows
        )
            return rows.Value.EnumerateArray().Select(Entry);
        if (
            properties.Length > 0
            && properties.All(property => property.Value.ValueKind == JsonValueKind.Object)
            && properties.Any(property => property.Value.EnumerateObject().Any(field => known(field.Name)))
        )
            return properties.Select(property => Entry(property.Value));
        if (Keyed(properties, source) is { } keyed)
            return keyed;
        if (arrays.Length > 0 && arrays.All(property => property.Value.GetArrayLength() == arrays[0].Value.GetArrayLength()))
            return Columns(properties);
        return [Entry(root)];
    }

    // {"url": ["a", "b"], "caption": ["one", "two"]}, and as pandas writes it, {"url": {"0": "a", "1": "b"}, ...}. Single values stand for
    // the whole file.
    private static IEnumerable<ListEntry> Columns(JsonProperty[] properties)
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

    private static ListEntry Line(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, LenientLine);
            return Entry(document.RootElement);
        }
        catch (JsonException)
        {
            return ListEntry.Broken(line);
        }
    }

    private static ListEntry Entry(JsonElement element)
    {
        try
        {
            if (element.ValueKind == JsonValueKind.String)
                return ListEntry.Plain(element.GetString()!);
            if (element.ValueKind != JsonValueKind.Object)
                return ListEntry.Broken(Raw(element));
            var names = new List<string>();
            var values = new List<string?>();
            foreach (JsonProperty property in element.EnumerateObject())
            {
                names.Add(property.Name);
                values.Add(Text(property.Value));
            }
            return new ListEntry(Raw(element), names, values);
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair, or bytes that are no UTF-8: JSON to the reader, but no text.
            return ListEntry.Broken(Raw(element));
        }
    }

    private static string? Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => Raw(value),
        };

    // Unlike GetRawText it does not throw where the bytes are no UTF-8.
    private static string Raw(JsonElement element) => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(element));

    private static bool StartsAnArray(Func<Stream> open)
    {
        using Stream stream = open();
        using StreamReader reader = new(stream);
        int first;
        do first = reader.Read();
        while (first >= 0 && char.IsWhiteSpace((char)first));
        return first == '[';
    }

    // A first line that is a value by itself, with more after it.
    private static bool IsOfLines(Func<Stream> open, string source, CancellationToken cancel)
    {
        using Stream stream = open();
        string[] first = [.. TextLines.Read(stream, source, cancel).Where(line => !string.IsNullOrWhiteSpace(line)).Take(2)];
        return first.Length == 2 && !Line(first[0]).IsBroken;
    }
}
