// The header of a safetensors file, checked against the file's length before anything is allocated.

using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>One tensor of a header: offsets count from the data's start.</summary>
internal sealed record SafeTensorsEntry(string Name, ScalarType Type, long[] Shape, long Begin, long End);

/// <summary>Copies bytes of the file, from an offset, into a span.</summary>
internal delegate void ReadAt(long offset, Span<byte> destination);

/// <summary>All entries of a file, in the order of their data, which they cover without hole or overlap.</summary>
internal sealed record SafeTensorsHeader(IReadOnlyList<SafeTensorsEntry> Entries, long DataStart)
{
    /// <summary>Texts that stand beside the tensors.</summary>
    public IReadOnlyList<(string Key, string Value)> Metadata { get; private init; } = [];

    public const string MetadataKey = "__metadata__";

    // Some 100,000 tensors. The format allows 100 MB, which take a gigabyte to look through, and models have some thousands.
    private const long MostHeaderBytes = 8 << 20;

    // libtorch's own is 64; no weight of a network has more than 5.
    private const int MostDimensions = 16;

    private static readonly (string Name, ScalarType Type, int Size)[] Types =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    public static string NameOf(ScalarType type, string tensor)
    {
        foreach ((string name, ScalarType known, _) in Types)
        {
            if (known == type)
                return name;
        }
        throw new ModelException(
            $"tensor '{tensor}' is {type}, which safetensors files of this tool cannot hold; convert it to float32 first"
        );
    }

    public static SafeTensorsHeader Parse(string path, long fileLength, ReadAt read)
    {
        Span<byte> prefix = stackalloc byte[8];
        read(0, prefix);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (size <= long.MaxValue && (long)size <= fileLength - 8 && size > MostHeaderBytes)
            throw Bad(
                path,
                $"its header has {size} bytes, and at most {MostHeaderBytes} are read; save the model in several files, or without its metadata"
            );
        if (size > MostHeaderBytes || (long)size > fileLength - 8)
            throw Bad(path, $"its header claims {size} bytes, the file has {fileLength}");
        byte[] bytes = new byte[size];
        read(8, bytes);
        List<SafeTensorsEntry> entries = [];
        List<(string, string)> metadata = [];
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw Bad(path, "its header is no JSON object");
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (property.Name != MetadataKey)
                    entries.Add(Entry(path, property));
                else if (property.Value.ValueKind == JsonValueKind.Object)
                    metadata.AddRange(
                        property
                            .Value.EnumerateObject()
                            .Where(pair => pair.Value.ValueKind == JsonValueKind.String)
                            .Select(pair => (pair.Name, pair.Value.GetString()!))
                    );
            }
        }
        // Names in invalid UTF-8 or with half a surrogate pair cannot be compared with any.
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException or ArgumentException)
        {
            throw new ModelException($"'{path}' is no safetensors file: its header is no valid JSON ({Shown.Of(e.Message)})", e);
        }
        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long reached = 0,
            data = fileLength - 8 - (long)size;
        foreach (SafeTensorsEntry entry in entries)
        {
            if (entry.Begin < reached)
                throw Bad(
                    path,
                    $"tensor '{Shown.Of(entry.Name)}' overlaps another (its data begin at {entry.Begin}, the previous end at {reached})"
                );
            if (entry.Begin > reached)
                throw Bad(path, $"bytes {reached}–{entry.Begin} before tensor '{Shown.Of(entry.Name)}' belong to no tensor");
            if (entry.End > data)
                throw Bad(
                    path,
                    $"tensor '{Shown.Of(entry.Name)}' ends at byte {entry.End}, the file holds {data} bytes of data: it is cut off or the header lies"
                );
            reached = entry.End;
        }
        if (reached != data)
            throw Bad(path, $"{data - reached} bytes after the last tensor belong to no tensor");
        return new SafeTensorsHeader(entries, 8 + (long)size) { Metadata = metadata };
    }

    private static SafeTensorsEntry Entry(string path, JsonProperty property)
    {
        string name = property.Name;
        JsonElement value = property.Value;
        if (value.ValueKind != JsonValueKind.Object)
            throw Bad(path, $"tensor '{Shown.Of(name)}' has no description");
        string? dtype = value.TryGetProperty("dtype", out JsonElement d) && d.ValueKind == JsonValueKind.String ? d.GetString() : null;
        (string _, ScalarType type, int elementSize) = Types.FirstOrDefault(t => t.Name == dtype);
        if (elementSize == 0)
            throw Bad(
                path,
                $"tensor '{Shown.Of(name)}' has the dtype '{Shown.Of(dtype ?? "")}'; readable are {string.Join(", ", Types.Select(t => t.Name))}"
            );
        long[] shape = Numbers(path, name, value, "shape"),
            offsets = Numbers(path, name, value, "data_offsets");
        if (offsets is not [long begin, long end] || begin > end)
            throw Bad(path, $"tensor '{Shown.Of(name)}' has the data offsets [{string.Join(", ", offsets)}]");
        long elements = 1,
            sizes = 1;
        foreach (long size in shape)
        {
            // Without the zeros, which would let any other size pass.
            if (size > int.MaxValue || (size != 0 && sizes > long.MaxValue / elementSize / size))
                throw Bad(path, $"tensor '{Shown.Of(name)}' has an impossible shape [{string.Join(", ", shape)}]");
            elements *= size;
            sizes *= Math.Max(1, size);
        }
        if (end - begin != elements * elementSize)
            throw Bad(
                path,
                $"tensor '{Shown.Of(name)}' of shape [{string.Join(", ", shape)}] needs {elements * elementSize} bytes, its offsets give {end - begin}"
            );
        if (end - begin > int.MaxValue)
            throw Bad(path, $"tensor '{Shown.Of(name)}' has {end - begin} bytes; at most {int.MaxValue} are readable");
        return new SafeTensorsEntry(name, type, shape, begin, end);
    }

    private static long[] Numbers(string path, string tensor, JsonElement value, string key)
    {
        if (!value.TryGetProperty(key, out JsonElement array) || array.ValueKind != JsonValueKind.Array)
            throw Bad(path, $"tensor '{Shown.Of(tensor)}' has no {key}");
        int length = array.GetArrayLength();
        if (length > MostDimensions)
            throw Bad(path, $"tensor '{Shown.Of(tensor)}' has {length} numbers in its {key}; at most {MostDimensions} are read");
        long[] numbers = new long[length];
        int at = 0;
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out long number) || number < 0)
                throw Bad(path, $"tensor '{Shown.Of(tensor)}' has {Shown.Of(element.GetRawText())} in its {key}");
            numbers[at++] = number;
        }
        return numbers;
    }

    private static ModelException Bad(string path, string what) => new($"'{path}' is no sound safetensors file: {what}");
}
