// Files of torch.save (the zip format of PyTorch 1.6 and later): tensors are read, nothing is executed.

using System.IO.Compression;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>One opened torch.save archive: its pickled structure, and tensors on demand.</summary>
internal sealed class TorchSave : IDisposable
{
    // A state dict of 10,000 tensors pickles to some 2 MB, with its optimiser to some 6.
    private const long MostPickleBytes = 8 << 20;

    private readonly string path;
    private readonly ZipArchive zip;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);
    private readonly string root;

    private TorchSave(string path, ZipArchive zip)
    {
        (this.path, this.zip) = (path, zip);
        string? found = null;
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            if (!entries.TryAdd(entry.FullName, entry)) throw Bad($"the archive holds '{entry.FullName}' twice");
            if (!entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal)) continue;
            found = found is null ? entry.FullName[..^"data.pkl".Length] : throw Bad("the archive holds more than one data.pkl");
        }
        root = found ?? throw Bad("the zip archive holds no data.pkl: it is not from torch.save");
        if (entries.TryGetValue(root + "byteorder", out ZipArchiveEntry? order) && Encoding.ASCII.GetString(Bytes(order, 16)).Trim() != "little") throw Bad("it was written on a big-endian machine; save it again on a little-endian one");
        Root = RestrictedPickle.Read(Bytes(entries[root + "data.pkl"], MostPickleBytes), path);
    }

    /// <summary>The pickled structure.</summary>
    public object? Root { get; }

    /// <exception cref="ModelException">Not the zip format, or a pickle that asks for more than tensors.</exception>
    public static TorchSave Open(string path)
    {
        RefuseOtherFormats(path);
        ZipArchive? zip = null;
        try
        {
            zip = ZipFile.OpenRead(path);
            return new TorchSave(path, zip);
        }
        catch (InvalidDataException e)
        {
            zip?.Dispose();
            throw new ModelException($"'{path}' is damaged: its zip archive cannot be read ({e.Message})", e);
        }
        catch
        {
            zip?.Dispose();
            throw;
        }
    }

    /// <summary>Reads tensors; those that share a storage come out as separate copies.</summary>
    /// <returns>Contiguous CPU tensors in their own dtype, owned by the caller's dispose scope.</returns>
    public Dictionary<string, Tensor> Tensors(IEnumerable<KeyValuePair<string, PickleTensor>> wanted)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> storages = new(StringComparer.Ordinal), read = new(StringComparer.Ordinal);
        foreach ((string name, PickleTensor tensor) in wanted)
        {
            Check(name, tensor);
            if (!storages.TryGetValue(tensor.Storage.Key, out Tensor? storage)) storages.Add(tensor.Storage.Key, storage = Load(tensor.Storage));
            if (storage.dtype != tensor.Storage.Type) throw Bad($"tensor '{name}' reads storage '{tensor.Storage.Key}' under a second dtype");
            Tensor own = tensor.Shape.Contains(0) ? empty(tensor.Shape, tensor.Storage.Type) : storage.as_strided(tensor.Shape, tensor.Strides, tensor.Offset).contiguous().clone();
            read[name] = own;
        }
        scope.MoveToOuter(read.Values);
        return read;
    }

    public void Dispose() => zip.Dispose();

    // Every index that sizes, strides and offset can reach lies in the storage, and the storage in its entry.
    private void Check(string name, PickleTensor tensor)
    {
        ZipArchiveEntry entry = Entry(tensor.Storage);
        long held = tensor.Storage.Elements;
        if (held > entry.Length / SizeOf(tensor.Storage.Type)) throw Bad($"tensor '{name}' claims a storage of {held} elements, the archive holds {entry.Length} bytes for it");
        if (tensor.Shape.Length != tensor.Strides.Length || tensor.Shape.Length > 16 || tensor.Offset < 0) throw Bad($"tensor '{name}' has an impossible shape, stride or offset");
        long elements = 1;
        Int128 last = tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length; i++)
        {
            long size = tensor.Shape[i], stride = tensor.Strides[i];
            if (size < 0 || stride < 0) throw Bad($"tensor '{name}' has a negative size or stride");
            if (size != 0 && elements > held / size) throw Bad($"tensor '{name}' of shape [{string.Join(", ", tensor.Shape)}] is larger than its storage of {held} elements");
            elements *= size;
            if (size > 0) last += (Int128)(size - 1) * stride;
        }
        if (elements > 0 && last >= held) throw Bad($"tensor '{name}' of shape [{string.Join(", ", tensor.Shape)}] reaches beyond its storage of {held} elements");
    }

    private Tensor Load(PickleStorage storage)
    {
        ZipArchiveEntry entry = Entry(storage);
        Tensor tensor = empty([storage.Elements], storage.Type);
        if (storage.Elements == 0) return tensor;
        long bytes = storage.Elements * SizeOf(storage.Type);
        if (bytes > int.MaxValue) throw Bad($"storage '{storage.Key}' has {bytes} bytes; at most {int.MaxValue} are readable");
        using Stream stream = entry.Open();
        Span<byte> target = tensor.bytes;
        if (stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length) throw Bad($"storage '{storage.Key}' is cut off");
        return tensor;
    }

    private ZipArchiveEntry Entry(PickleStorage storage)
    {
        if (!entries.TryGetValue($"{root}data/{storage.Key}", out ZipArchiveEntry? entry)) throw Bad($"storage '{storage.Key}' is missing from the archive");
        // torch.save stores, never deflates; so an entry cannot be larger than the file.
        return entry.CompressedLength == entry.Length ? entry : throw Bad($"storage '{storage.Key}' is compressed, which torch.save never does; refused");
    }

    private byte[] Bytes(ZipArchiveEntry entry, long most)
    {
        if (entry.Length > most) throw Bad($"'{entry.FullName}' claims {entry.Length} bytes, at most {most} are read; refused");
        byte[] bytes = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void RefuseOtherFormats(string path)
    {
        byte[] start = new byte[264];
        int got;
        using (FileStream stream = File.OpenRead(path)) got = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        const string Mend = "load it in PyTorch and save it again: torch.save(torch.load(old, weights_only=True), new)";
        if (got >= 2 && start[0] == 'P' && start[1] == 'K') return;
        if (got >= 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5) throw new ModelException($"'{path}' is in torch.save's format from before PyTorch 1.6 (a bare pickle), which is not read; {Mend}");
        if (got > 262 && Encoding.ASCII.GetString(start, 257, 5) == "ustar") throw new ModelException($"'{path}' is in torch.save's oldest format (tar), which is not read; {Mend}");
        throw new ModelException($"'{path}' is no torch.save file: it is no zip archive" + (got == 0 ? " (it is empty)" : string.Empty));
    }

    private static long SizeOf(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
        _ => 1,
    };

    private ModelException Bad(string what) => new($"'{path}' was not loaded: {what}");
}
