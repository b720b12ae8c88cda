// Reads tensors of a safetensors file for tests, independently of the product's own reader.

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DataFreeKD.Testing;

/// <summary>A whole safetensors file in memory: u64 length of a JSON header, the header, the data.</summary>
internal sealed class GoldenTensors
{
    private readonly byte[] bytes;
    private readonly int dataStart;
    private readonly JsonElement header;

    public GoldenTensors(string path)
    {
        bytes = File.ReadAllBytes(path);
        dataStart = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using JsonDocument document = JsonDocument.Parse(bytes.AsMemory(8, dataStart - 8));
        header = document.RootElement.Clone();
    }

    /// <summary>The tensors' names.</summary>
    public IEnumerable<string> Names =>
        header.EnumerateObject().Select(static entry => entry.Name).Where(static name => name != "__metadata__");

    /// <summary>A tensor's shape.</summary>
    public int[] Shape(string name) =>
        [.. header.GetProperty(name).GetProperty("shape").EnumerateArray().Select(static side => side.GetInt32())];

    /// <summary>A tensor's data as <typeparamref name="T"/>; the caller knows its type.</summary>
    public ReadOnlySpan<T> Data<T>(string name)
        where T : unmanaged
    {
        JsonElement offsets = header.GetProperty(name).GetProperty("data_offsets");
        int start = offsets[0].GetInt32(),
            end = offsets[1].GetInt32();
        return MemoryMarshal.Cast<byte, T>(bytes.AsSpan(dataStart + start, end - start));
    }
}
