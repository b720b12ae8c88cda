// The safetensors format, memory-mapped, with every offset checked before use.

using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads and writes .safetensors (a length, a JSON header, then the bytes of all tensors).</summary>
public static class SafeTensors
{
    private const int MaxHeader = 100_000_000;

    private static readonly Dictionary<string, ScalarType> Types = new(StringComparer.Ordinal)
    {
        ["F64"] = ScalarType.Float64,
        ["F32"] = ScalarType.Float32,
        ["F16"] = ScalarType.Float16,
        ["BF16"] = ScalarType.BFloat16,
        ["I64"] = ScalarType.Int64,
        ["I32"] = ScalarType.Int32,
        ["I16"] = ScalarType.Int16,
        ["I8"] = ScalarType.Int8,
        ["U8"] = ScalarType.Byte,
        ["BOOL"] = ScalarType.Bool,
    };

    /// <summary>Reads every tensor, in the file's own dtype (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL).</summary>
    /// <exception cref="ModelException">Header, offsets or sizes lie; the message names the tensor.</exception>
    public static Dictionary<string, Tensor> Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length < 8) throw new ModelException($"{path}: {length} bytes is too short for safetensors; download it again");
        using var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        ulong headerLength = view.ReadUInt64(0);
        if (headerLength > (ulong)Math.Min(MaxHeader, length - 8)) throw new ModelException($"{path}: its header claims {headerLength} bytes of a file of {length}; the file is cut off or not safetensors");
        byte[] header = new byte[headerLength];
        view.ReadArray(8, header, 0, header.Length);

        long start = 8 + (long)headerLength;
        List<Entry> entries = Parse(path, header, length - start);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (Entry entry in entries)
        {
            Tensor tensor = empty(entry.Shape, entry.Type);
            Copy(view, start + entry.Begin, tensor.bytes);
            tensors[entry.Name] = tensor;
        }
        return tensors;
    }

    /// <summary>Writes tensors to a stream, deterministic bytes: names sorted by ordinal, header padded to 8 bytes.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="tensors">Tensors by name; moved to the CPU and made contiguous as needed.</param>
    /// <param name="metadata">Free text entries, or null.</param>
    public static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        string[] names = [.. tensors.Keys.Order(StringComparer.Ordinal)];
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
                writer.WriteEndObject();
            }
            long offset = 0;
            foreach (string name in names)
            {
                Tensor tensor = tensors[name];
                long size = tensor.numel() * tensor.element_size();
                writer.WriteStartObject(name);
                writer.WriteString("dtype", Types.First(pair => pair.Value == tensor.dtype).Key);
                writer.WriteStartArray("shape");
                foreach (long side in tensor.shape) writer.WriteNumberValue(side);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                writer.WriteNumberValue(offset += size);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        while (json.Length % 8 != 0) json.WriteByte((byte)' ');

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        stream.Write(length);
        json.WriteTo(stream);
        foreach (string name in names)
        {
            using var scope = NewDisposeScope();
            stream.Write(tensors[name].detach().cpu().contiguous().bytes);
        }
    }

    private static List<Entry> Parse(string path, byte[] header, long dataLength)
    {
        var entries = new List<Entry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(header);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__") continue;
                if (!names.Add(property.Name)) throw new ModelException($"{path}: tensor '{property.Name}' stands twice in the header");
                entries.Add(Check(path, property, dataLength));
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ModelException($"{path}: its header is not the JSON of safetensors ({error.Message}); download it again", error);
        }

        long end = 0;
        foreach (Entry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin < end) throw new ModelException($"{path}: tensor '{entry.Name}' overlaps another one");
            end = entry.End;
        }
        return entries;
    }

    private static Entry Check(string path, JsonProperty property, long dataLength)
    {
        string dtype = property.Value.GetProperty("dtype").GetString() ?? "";
        if (!Types.TryGetValue(dtype, out ScalarType type)) throw new ModelException($"{path}: tensor '{property.Name}' has dtype '{dtype}'; supported are {string.Join(", ", Types.Keys)}");
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(side => side.GetInt64())];
        long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        bool sound = offsets.Length == 2 && offsets[0] >= 0 && offsets[0] <= offsets[1] && offsets[1] <= dataLength && Array.TrueForAll(shape, side => side >= 0);
        if (!sound || Elements(shape) is not { } elements || elements * ElementSize(type) != offsets[1] - offsets[0])
        {
            throw new ModelException($"{path}: tensor '{property.Name}' of shape [{string.Join(", ", shape)}] {dtype} does not fit its offsets [{string.Join(", ", offsets)}] in {dataLength} bytes; the file is damaged");
        }
        return new Entry(property.Name, type, shape, offsets[0], offsets[1]);
    }

    /// <summary>The product of the sides; null where it is beyond any tensor.</summary>
    internal static long? Elements(IEnumerable<long> shape)
    {
        UInt128 product = 1;
        foreach (long side in shape)
        {
            product *= (UInt128)side;
            if (product > 1UL << 48) return null;
        }
        return (long)product;
    }

    internal static int ElementSize(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
        _ => 1,
    };

    private static unsafe void Copy(MemoryMappedViewAccessor view, long offset, Span<byte> destination)
    {
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            new ReadOnlySpan<byte>(start + view.PointerOffset + offset, destination.Length).CopyTo(destination);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private sealed record Entry(string Name, ScalarType Type, long[] Shape, long Begin, long End);
}
