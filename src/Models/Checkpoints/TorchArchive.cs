// What the formats of torch.save have in common: a pickled structure, and tensors on demand.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>One opened file of torch.save. Tensors are read, nothing is executed.</summary>
internal abstract class TorchArchive(string path, long length) : IDisposable
{
    private protected const string Mend =
        "load it in PyTorch and save it again: python -c \"import torch; torch.save(torch.load('old.pth', map_location='cpu'), 'new.pth')\"";

    // A state dict of 10,000 tensors pickles to some 2 MB, with its optimiser to some 6; a longer pickle holds the weights themselves, as
    // arrays of NumPy, and stands in the file as it is.
    private protected const int MostPickleBytes = 8 << 20;

    // Layers may share their weights, which the file then holds once; each has its own copy in memory.
    private const long MostShared = 64 << 20;

    /// <summary>The pickled structure.</summary>
    public abstract PickleReading Pickle { get; }

    /// <summary>Opens a file by what its first bytes are.</summary>
    /// <exception cref="ModelException">Neither the zip format nor the one before it, or a pickle that cannot be read.</exception>
    public static TorchArchive Open(string path)
    {
        path = LinkText.Resolved(path);
        byte[] start = new byte[264];
        int got;
        using (FileStream stream = File.OpenRead(path))
            got = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (got >= 2 && start[0] == 'P' && start[1] == 'K')
            return TorchSave.Open(path);
        if (got >= 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5)
            return LegacySave.Open(path);
        if (got > 262 && System.Text.Encoding.ASCII.GetString(start, 257, 5) == "ustar")
            throw new ModelException($"'{path}' is in torch.save's oldest format (tar), which is not read; {Mend}");
        throw new ModelException($"'{path}' is no file of torch.save and no safetensors file: {Kind(start.AsSpan(0, got))}");
    }

    // What people take for weights, by its first bytes.
    private static string Kind(ReadOnlySpan<byte> start) =>
        start.Length == 0 ? "it is empty"
        : start.StartsWith("version https://git-lfs"u8) ? "it is a pointer of Git LFS: fetch the file itself with git lfs pull"
        : start[0] is (byte)'<' ? "it looks like a web page, as a failed download leaves it"
        : start.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? "it is packed by gzip; unpack it first (gunzip)"
        : start.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) ? "it is packed by zstd; unpack it first (unzstd)"
        : start.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'])
            ? "it is packed by xz; unpack it first (unxz)"
        : start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F'])
            ? "it is HDF5 (Keras, TensorFlow); convert its weights to PyTorch's first"
        : start.StartsWith((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']) ? "it is an array of NumPy"
        : start.StartsWith("GGUF"u8) ? "it is GGUF; give the weights it was made of"
        : start[0] is (byte)'{' ? "it is JSON; give the weights, not their config"
        : "its first bytes are none of either";

    /// <summary>Reads tensors. Those that share a storage are views of one copy of it.</summary>
    /// <returns>CPU tensors in their own dtype and strides, owned by the caller's dispose scope.</returns>
    public Dictionary<string, Tensor> Tensors(IEnumerable<KeyValuePair<string, PickleTensor>> wanted)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> storages = new(StringComparer.Ordinal),
            read = new(StringComparer.Ordinal);
        long described = 0,
            loaded = 0;
        foreach ((string name, PickleTensor tensor) in wanted)
        {
            described += Check(name, tensor);
            if (described > length + MostShared)
                throw Bad($"its tensors describe more bytes than the file of {length} has: they show the same numbers again and again");
            if (!storages.TryGetValue(tensor.Storage.Key, out Tensor? storage))
            {
                long bytes = tensor.Storage.Elements * SizeOf(tensor.Storage.Type);
                if (bytes > int.MaxValue)
                    throw Bad($"storage '{Shown.Of(tensor.Storage.Key)}' has {bytes} bytes; at most {int.MaxValue} are readable");
                if ((loaded += bytes) > length)
                    throw Bad("its storages overlap in the file");
                storages.Add(tensor.Storage.Key, storage = empty([tensor.Storage.Elements], tensor.Storage.Type));
                if (bytes > 0 && tensor.Storage.Data is { } own)
                {
                    if (!own.TryCopyTo(storage.bytes))
                        throw Bad($"the bytes of tensor '{Shown.Of(name)}' are damaged");
                }
                else if (bytes > 0)
                {
                    Load(tensor.Storage, storage.bytes);
                }
            }
            if (storage.dtype != tensor.Storage.Type)
                throw Bad($"tensor '{Shown.Of(name)}' reads storage '{Shown.Of(tensor.Storage.Key)}' under a second dtype");
            if (storage.shape[0] != tensor.Storage.Elements)
                throw Bad(
                    $"storage '{Shown.Of(tensor.Storage.Key)}' has two sizes, {storage.shape[0]} and {tensor.Storage.Elements} elements"
                );
            read[name] = tensor.Shape.Contains(0)
                ? empty(tensor.Shape, tensor.Storage.Type)
                : storage.as_strided(tensor.Shape, tensor.Strides, tensor.Offset);
        }
        scope.MoveToOuter(read.Values);
        return read;
    }

    public abstract void Dispose();

    /// <summary>Bytes that the file holds for a storage.</summary>
    internal abstract long Held(PickleStorage storage);

    /// <summary>Fills <paramref name="target"/> with a storage's first bytes.</summary>
    private protected abstract void Load(PickleStorage storage, Span<byte> target);

    private protected static long SizeOf(ScalarType type) =>
        type switch
        {
            ScalarType.Float64 or ScalarType.Int64 => 8,
            ScalarType.Float32 or ScalarType.Int32 => 4,
            ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
            _ => 1,
        };

    private protected ModelException Bad(string what) => new($"'{path}' was not loaded: {what}");

    // Every index that sizes, strides and offset can reach lies in the storage, and the storage in its entry.
    private long Check(string name, PickleTensor tensor)
    {
        long held = tensor.Storage.Elements,
            bytes = tensor.Storage.Data?.Count ?? Held(tensor.Storage);
        if (held > bytes / SizeOf(tensor.Storage.Type))
            throw Bad($"tensor '{Shown.Of(name)}' claims a storage of {held} elements, the archive holds {bytes} bytes for it");
        if (tensor.Shape.Length != tensor.Strides.Length || tensor.Shape.Length > 16 || tensor.Offset < 0)
            throw Bad($"tensor '{Shown.Of(name)}' has an impossible shape, stride or offset");
        long elements = 1;
        Int128 last = tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length; i++)
        {
            long size = tensor.Shape[i],
                stride = tensor.Strides[i];
            if (size < 0 || stride < 0)
                throw Bad($"tensor '{Shown.Of(name)}' has a negative size or stride");
            if (size > int.MaxValue)
                throw Bad($"tensor '{Shown.Of(name)}' has the impossible shape [{string.Join(", ", tensor.Shape)}]");
            if (size != 0 && elements > held / size)
                throw Bad(
                    $"tensor '{Shown.Of(name)}' of shape [{string.Join(", ", tensor.Shape)}] is larger than its storage of {held} elements"
                );
            elements *= size;
            if (size > 0)
                last += (Int128)(size - 1) * stride;
        }
        if (elements > 0 && last >= held)
            throw Bad(
                $"tensor '{Shown.Of(name)}' of shape [{string.Join(", ", tensor.Shape)}] reaches beyond its storage of {held} elements"
            );
        return elements * SizeOf(tensor.Storage.Type);
    }
}
