// The safetensors format, memory-mapped, with every offset checked before use.

using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;
using TorchSharp;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads and writes .safetensors.</summary>
internal static class SafeTensors
{
    /// <summary>Reads every tensor, in the file's own dtype (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL).</summary>
    /// <param name="path">The file; it is mapped, and each tensor is copied once out of the mapping.</param>
    /// <returns>Tensors by name, on the CPU, owned by the caller's dispose scope.</returns>
    /// <exception cref="ModelException">Header, offsets or sizes lie; the message names the tensor.</exception>
    public static Dictionary<string, torch.Tensor> Read(string path) => Read(path, _ => true);

    /// <summary>The texts beside the tensors.</summary>
    internal static PickleDictionary Metadata(string path) => Opened(path, (_, header) =>
        {
            PickleDictionary texts = new();
            foreach ((string key, string value) in header.Metadata)
                texts.Add(key, value);
            return texts;
        });

    /// <summary>The names in a file, without reading a tensor.</summary>
    internal static IReadOnlyList<string> Names(string path) =>
        Opened(path, (_, header) => header.Entries.Select(entry => entry.Name).ToArray());

    /// <summary>Reads the tensors whose names are wanted.</summary>
    /// <inheritdoc cref="Read(string)"/>
    internal static Dictionary<string, torch.Tensor> Read(string path, Func<string, bool> wanted) => Opened(path, (view, header) =>
        {
            Dictionary<string, torch.Tensor> tensors = new(header.Entries.Count, StringComparer.Ordinal);
            foreach (SafeTensorsEntry entry in header.Entries.Where(entry => wanted(entry.Name)))
            {
                torch.Tensor tensor = torch.empty(entry.Shape, entry.Type);
                if (entry.End > entry.Begin)
                    view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(header.DataStart + entry.Begin), tensor.bytes);
                tensors.Add(entry.Name, tensor);
            }
            return tensors;
        });

    private static T Opened<T>(string path, Func<MemoryMappedViewAccessor, SafeTensorsHeader, T> read)
    {
        // The length is the opened file's: a link has one of its own.
        using FileStream file = File.OpenRead(LinkText.Resolved(path));
        long length = file.Length;
        if (length < 8)
            throw new ModelException($"'{path}' is no safetensors file: {length} bytes are too few for a header");
        Span<byte> start = stackalloc byte[19];
        file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (length < 512 && start.StartsWith(".."u8))
            throw new ModelException($"'{path}' holds the text of a link and no weights: it was copied without what it leads to");
        if (start.StartsWith("version https://git"u8))
            throw new ModelException($"'{path}' is a pointer of Git LFS, not the file: fetch it with git lfs pull");
        using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(
            file,
            null,
            0,
            MemoryMappedFileAccess.Read,
            HandleInheritability.None,
            leaveOpen: true
        );
        using MemoryMappedViewAccessor view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        SafeTensorsHeader header = SafeTensorsHeader.Parse(path, length, (offset, span) =>
            view.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, span)
        );
        return read(view, header);
    }

    /// <summary>Writes tensors to a stream, deterministic bytes: names sorted by ordinal, header padded to 8 bytes.</summary>
    /// <param name="stream">Receives the file's bytes; left open.</param>
    /// <param name="tensors">Tensors by name, on any device.</param>
    /// <param name="metadata">The <c>__metadata__</c> map; by default <c>format: pt</c>, which transformers asks for.</param>
    /// <exception cref="ModelException">A dtype that the format cannot hold, or the reserved name <c>__metadata__</c>.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyDictionary<string, torch.Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        string[] names = [.. tensors.Keys.Order(StringComparer.Ordinal)];
        using MemoryStream header = new();
        using (Utf8JsonWriter json = new(header))
        {
            json.WriteStartObject();
            json.WriteStartObject(SafeTensorsHeader.MetadataKey);
            foreach (
                (string key, string value) in (metadata ?? new Dictionary<string, string> { ["format"] = "pt" }).OrderBy(
                    p => p.Key,
                    StringComparer.Ordinal
                )
            )
                json.WriteString(key, value);
            json.WriteEndObject();
            long offset = 0;
            foreach (string name in names)
            {
                if (name == SafeTensorsHeader.MetadataKey)
                    throw new ModelException($"a tensor cannot be named {SafeTensorsHeader.MetadataKey} in safetensors");
                torch.Tensor tensor = tensors[name];
                json.WriteStartObject(name);
                json.WriteString("dtype", SafeTensorsHeader.NameOf(tensor.dtype, name));
                json.WriteStartArray("shape");
                foreach (long size in tensor.shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.NumberOfElements * tensor.element_size());
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (header.Length % 8 != 0)
            header.WriteByte((byte)' ');
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        stream.Write(prefix);
        header.WriteTo(stream);
        foreach (string name in names)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor plain = tensors[name].detach().cpu().contiguous();
            if (plain.NumberOfElements > 0)
                stream.Write(plain.bytes);
        }
    }
}
