// torch.save files (zip format): a pickle of which only the tensor-rebuilding part is interpreted, nothing is executed.

using System.IO.Compression;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads the state dictionary of a .pth/.pt/.bin file.</summary>
internal static class TorchSave
{
    private const int MaxPickle = 64 << 20;

    private static readonly string[] Nests = ["model", "state_dict", "teacher", "student"];

    /// <summary>The tensors by name; dictionaries nested under model, state_dict, teacher or student are opened, <c>module.</c> prefixes dropped.</summary>
    /// <exception cref="ModelException">Not the zip format, damaged, or the pickle asks for anything but tensors.</exception>
    public static Dictionary<string, Tensor> Read(string path)
    {
        using ZipArchive zip = Open(path);
        ZipArchiveEntry pickle = zip.Entries.FirstOrDefault(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal) || entry.FullName == "data.pkl")
            ?? throw new ModelException($"{path}: a zip without data.pkl is no torch.save file; convert it to safetensors");
        string root = pickle.FullName[..^"data.pkl".Length];
        if (zip.GetEntry(root + "byteorder") is { } order && Text(path, order) is not "little") throw new ModelException($"{path}: big-endian tensors are not supported; convert it to safetensors");

        object? value = new TensorPickle(path, Bytes(path, pickle, MaxPickle)).Load();
        Dictionary<object, object?> state = Unnest(path, value);
        var storages = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((object key, object? item) in state)
        {
            if (key is not string name || item is not PickledTensor tensor) continue;
            tensors[name.StartsWith("module.", StringComparison.Ordinal) ? name["module.".Length..] : name] = Rebuild(path, zip, root, name, tensor, storages);
        }
        return tensors;
    }

    private static ZipArchive Open(string path)
    {
        try
        {
            return ZipFile.OpenRead(path);
        }
        catch (InvalidDataException error)
        {
            throw new ModelException($"{path}: not a zip of torch.save (files from before PyTorch 1.6 are not read); load and save it once with a current PyTorch, or convert it to safetensors", error);
        }
    }

    private static Dictionary<object, object?> Unnest(string path, object? value)
    {
        for (int depth = 0; depth < 4 && value is Dictionary<object, object?> dictionary; depth++)
        {
            if (dictionary.Values.Any(item => item is PickledTensor)) return dictionary;
            value = Nests.Select(name => dictionary.GetValueOrDefault(name)).FirstOrDefault(item => item is Dictionary<object, object?>);
        }
        throw new ModelException($"{path}: holds no dictionary of tensors, at the top or under {string.Join(", ", Nests)}; save model.state_dict()");
    }

    private static Tensor Rebuild(string path, ZipArchive zip, string root, string name, PickledTensor tensor, Dictionary<string, byte[]> storages)
    {
        int size = SafeTensors.ElementSize(tensor.Type);
        if (!storages.TryGetValue(tensor.Storage, out byte[]? storage))
        {
            ZipArchiveEntry entry = zip.GetEntry($"{root}data/{tensor.Storage}") ?? throw new ModelException($"{path}: tensor '{name}' wants storage '{tensor.Storage}', which is not in the file");
            storages[tensor.Storage] = storage = Bytes(path, entry, int.MaxValue - 64);
        }
        long elements = SafeTensors.Elements(tensor.Shape) ?? throw new ModelException($"{path}: tensor '{name}' claims [{string.Join(", ", tensor.Shape)}], beyond any tensor");
        if (elements == 0) return empty(tensor.Shape, tensor.Type);

        // The farthest element must lie in the storage: the shape and strides come from the file.
        UInt128 last = (UInt128)tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length; i++) last += (UInt128)(tensor.Shape[i] - 1) * (UInt128)tensor.Strides[i];
        if (elements > storage.Length / size || last >= (UInt128)(storage.Length / size)) throw new ModelException($"{path}: tensor '{name}' reaches beyond its storage; the file is damaged");

        Tensor flat = empty(storage.Length / size, tensor.Type);
        storage.AsSpan(0, storage.Length / size * size).CopyTo(flat.bytes);
        return flat.as_strided(tensor.Shape, tensor.Strides, tensor.Offset).contiguous();
    }

    private static string Text(string path, ZipArchiveEntry entry) => System.Text.Encoding.ASCII.GetString(Bytes(path, entry, 64));

    /// <summary>The whole entry, never more than it claims nor more than the limit: a zip bomb ends here.</summary>
    private static byte[] Bytes(string path, ZipArchiveEntry entry, int limit)
    {
        if (entry.Length > limit || entry.Length / 1100 > entry.CompressedLength) throw new ModelException($"{path}: entry '{entry.FullName}' claims {entry.Length} bytes from {entry.CompressedLength}; refused");
        byte[] bytes = new byte[entry.Length];
        try
        {
            using Stream stream = entry.Open();
            stream.ReadExactly(bytes);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new ModelException($"{path}: entry '{entry.FullName}' is damaged ({error.Message}); download it again", error);
        }
        return bytes;
    }
}
