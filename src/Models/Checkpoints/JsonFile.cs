// Small JSON files beside the weights, read with errors that name the file and the field.

using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A parsed config file; missing fields are null, fields of another kind are refused by name.</summary>
internal sealed class JsonFile
{
    // A config with 21,843 class names is some 3 MB.
    private const long MostBytes = 64 << 20;

    private readonly JsonElement root;

    private JsonFile(string path, JsonElement root) => (Path, this.root) = (path, root);

    public string Path { get; }

    /// <summary>The file's content, or null where there is no file.</summary>
    public static JsonFile? ReadIfPresent(string path)
    {
        if (!File.Exists(path)) return null;
        long length = new FileInfo(path).Length;
        if (length > MostBytes) throw new ModelException($"'{path}' has {length} bytes, which no model config needs");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 32 });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new ModelException($"'{path}' holds no JSON object");
            return new JsonFile(path, document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new ModelException($"'{path}' is no valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The element at a path of keys, or null where any is absent or null.</summary>
    public JsonElement? Find(params ReadOnlySpan<string> keys)
    {
        JsonElement at = root;
        foreach (string key in keys)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out at)) return null;
        }
        return at.ValueKind == JsonValueKind.Null ? null : at;
    }

    public int? Int(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found) return null;
        return found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out int value) ? value : throw Bad(keys, found);
    }

    public double? Number(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found) return null;
        return found.ValueKind == JsonValueKind.Number && found.TryGetDouble(out double value) ? value : throw Bad(keys, found);
    }

    public bool? Flag(params ReadOnlySpan<string> keys) => Find(keys) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Bad(keys, other),
    };

    public string? Text(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found) return null;
        return found.ValueKind == JsonValueKind.String ? found.GetString() : throw Bad(keys, found);
    }

    public float[]? Floats(params ReadOnlySpan<string> keys)
    {
        if (Find(keys) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Array || found.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Number)) throw Bad(keys, found);
        return [.. found.EnumerateArray().Select(e => e.GetSingle())];
    }

    public ModelException Bad(ReadOnlySpan<string> keys, JsonElement found)
    {
        string raw = found.GetRawText();
        return new ModelException($"'{Path}': the field '{string.Join('.', keys!)}' is {(raw.Length > 60 ? raw[..60] + "…" : raw)}, which cannot be used");
    }
}
