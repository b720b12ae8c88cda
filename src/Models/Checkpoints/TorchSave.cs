// Files of torch.save in the zip format of PyTorch 1.6 and later.

using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>One opened torch.save archive.</summary>
internal sealed class TorchSave : TorchArchive
{
    private readonly ZipArchive zip;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);
    private readonly string root;

    private TorchSave(string path, ZipArchive zip, long length)
        : base(path, length)
    {
        this.zip = zip;
        string? found = null;
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            if (!entries.TryAdd(entry.FullName, entry))
                throw Bad($"the archive holds '{Shown.Of(entry.FullName)}' twice");
            if (!entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))
                continue;
            found = found is null ? entry.FullName[..^"data.pkl".Length] : throw Bad("the archive holds more than one data.pkl");
        }
        root = found
            ?? throw Bad(
                entries.Keys.Any(name => name.EndsWith(".npy", StringComparison.Ordinal))
                    ? "it is an archive of NumPy (npz); save its arrays by torch.save in a dictionary under the network's names"
                    : "the zip archive holds no data.pkl: it is not from torch.save"
            );
        if (entries.ContainsKey(root + "constants.pkl"))
            throw Bad(
                "it is a TorchScript program (torch.jit.save), which is not read; save the weights alone: torch.save(model.state_dict(), file)"
            );
        if (
            entries.TryGetValue(root + "byteorder", out ZipArchiveEntry? order)
            && Encoding.ASCII.GetString(Bytes(order, 16)).Trim() != "little"
        )
            throw Bad("it was written on a big-endian machine; save it again on a little-endian one");
        ZipArchiveEntry pickle = entries[root + "data.pkl"];
        bool stored = pickle.CompressedLength == pickle.Length && pickle.Length <= length;
        Pickle = RestrictedPickle.Read(Bytes(pickle, stored ? Array.MaxLength : MostPickleBytes), path);
    }

    public override PickleReading Pickle { get; }

    /// <exception cref="ModelException">No sound zip archive, or a pickle that cannot be read.</exception>
    public static new TorchSave Open(string path)
    {
        ZipArchive? zip = null;
        try
        {
            FileStream file = File.OpenRead(path);
            zip = new ZipArchive(file, ZipArchiveMode.Read);
            return new TorchSave(path, zip, file.Length);
        }
        catch (InvalidDataException e)
        {
            zip?.Dispose();
            throw new ModelException(
                $"'{path}' is damaged or cut off: its zip archive cannot be read ({Shown.Of(e.Message)}); copy or download the file again",
                e
            );
        }
        catch
        {
            zip?.Dispose();
            throw;
        }
    }

    public override void Dispose() => zip.Dispose();

    internal override long Held(PickleStorage storage) => Entry(storage).Length;

    private protected override void Load(PickleStorage storage, Span<byte> target) => Read(Entry(storage), target);

    private ZipArchiveEntry Entry(PickleStorage storage)
    {
        if (!entries.TryGetValue($"{root}data/{storage.Key}", out ZipArchiveEntry? entry))
            throw Bad($"storage '{Shown.Of(storage.Key)}' is missing from the archive");
        // torch.save stores, never deflates; so an entry cannot be larger than the file.
        return entry.CompressedLength == entry.Length
            ? entry
            : throw Bad($"storage '{Shown.Of(storage.Key)}' is compressed, which torch.save never does; refused");
    }

    private byte[] Bytes(ZipArchiveEntry entry, long most)
    {
        if (entry.Length > most)
            throw Bad($"'{Shown.Of(entry.FullName)}' claims {entry.Length} bytes, at most {most} are read; refused");
        byte[] bytes = new byte[entry.Length];
        Read(entry, bytes);
        return bytes;
    }

    // The checksum is of the whole entry, whatever of it is wanted.
    private void Read(ZipArchiveEntry entry, Span<byte> target)
    {
        using Stream stream = entry.Open();
        if (stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length)
            throw Bad($"'{Shown.Of(entry.FullName)}' is cut off");
        Crc32 sum = new();
        sum.Append(target);
        byte[] rest = new byte[1 << 16];
        for (int got; (got = stream.Read(rest)) > 0;)
            sum.Append(rest.AsSpan(0, got));
        uint found = sum.GetCurrentHashAsUInt32();
        // PyTorch can be told to leave checksums out, and then writes 0.
        if (found != entry.Crc32 && entry.Crc32 != 0)
            throw Bad(
                $"'{Shown.Of(entry.FullName)}' is damaged: its checksum is {found:x8}, the archive says {entry.Crc32:x8}; copy or download the file again"
            );
    }
}
