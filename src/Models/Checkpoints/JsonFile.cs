// Small JSON files beside the weights, read with errors that name the file and the field.

using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A parsed config file; missing fields are null, fields of another kind are refused by name.</summary>
internal sealed class JsonFile
{
    // A config with 21,843 class names is some 3 MB.
    private const long MostBytes = 8 << 20;

    private readonly JsonElement root;

    private JsonFile(string path, JsonElement root) => (Path, this.root) = (path, root);

    public string Path { get; }

    /// <summary>The whole object.</summary>
    public JsonElement Root => root;

    /// <summary>Names of the fields of the object at a key; of the whole object with an empty one.</summary>
    public IEnumerable<string> Fields(string key) =>
        (key.Length == 0 ? root : Find(key)) is { ValueKind: JsonValueKind.Object } found
            ? found.EnumerateObject().Where(pair => pair.Value.ValueKind != JsonValueKind.Null).Select(pair => pair.Name)
            : [];

    /// <summary>The file's content, or null where there is no file.</summary>
    public static JsonFile? ReadIfPresent(string path)
    {
        if (!File.Exists(path))
            return null;
        RegularFile.Require(path);
        // The length is the opened file's: a link has one of its own.
        using FileStream file = File.OpenRead(LinkText.Resolved(path));
        if (file.Length > MostBytes)
            throw new ModelException($"'{path}' has {file.Length} bytes, which no model config needs");
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        try
        {
            // A mark of the encoding before the text is allowed.
            using JsonDocument document = JsonDocument.Parse(
                bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0),
                new JsonDocumentOptions { MaxDepth = 32 }
            );
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelException($"'{path}' holds no JSON object");
            Decode(document.RootElement);
            return new JsonFile(path, document.RootElement.Clone());
        }
        // Names and texts in invalid UTF-8 or with half a surrogate pair.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ModelException($"'{path}' is no valid JSON: {Shown.Of(e.Message)}", e);
        }
    }

    /// <summary>The object under a key, as a file of its own; null where there is none.</summary>
    public JsonFile? Within(string key) => Find(key) is { ValueKind: JsonValueKind.Object } inner ? new JsonFile(Path, inner) : null;

    /// <summary>The element at a path of keys, or null where any is absent or null.</summary>
    public JsonElement? Find(params ReadOnlySpan<string> keys)
    {
        JsonElement at = root;
        foreach (string key in keys)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out at))
                return null;
        }
        return at.ValueKind == JsonValueKind.Null ? null : at;
    }

    public int? Int(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found)
            return null;
        return found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out int value) ? value : throw Bad(keys, found);
    }

    public double? Number(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found)
            return null;
        return found.ValueKind == JsonValueKind.Number && found.TryGetDouble(out double value) ? value : throw Bad(keys, found);
    }

    public bool? Flag(params ReadOnlySpan<string> keys) =>
        Find(keys) switch
        {
            null => null,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            { } other => throw Bad(keys, other),
        };

    public string? Text(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found)
            return null;
        return found.ValueKind == JsonValueKind.String ? found.GetString() : throw Bad(keys, found);
    }

    public float[]? Floats(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found)
            return null;
        if (found.ValueKind != JsonValueKind.Array || found.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Number))
            throw Bad(keys, found);
        return [.. found.EnumerateArray().Select(e => e.GetSingle())];
    }

    public ModelException Bad(ReadOnlySpan<string> keys, JsonElement found)
    {
        string raw = found.GetRawText();
        return new ModelException(
            $"'{Path}': the field '{string.Join('.', keys!)}' is {Shown.Of(raw.Length > 60 ? raw[..60] + "…" : raw)}, which cannot be used"
        );
    }

    // Texts are decoded when they are asked for: here, so that a later look cannot fail. The depth is bounded by the parser.
    private static void Decode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty pair in element.EnumerateObject())
                {
                    _ = pair.Name;
                    Decode(pair.Value);
                }
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                    Decode(item);
                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            default:
                break;
        }
    }
}
