// Files of torch.save from before PyTorch 1.6, and of _use_new_zipfile_serialization=False: pickles one after the other, then the numbers;
// and pickles alone.

using System.Buffers.Binary;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A magic number, a version, facts of the machine, the structure, the storages' keys: five pickles; then each storage's count and
/// bytes in the order of the keys.</summary>
internal sealed class LegacySave : TorchArchive
{
    // The number 0x1950a86a20f9469cfc6c, as a pickle of protocol 2 has it.
    private static readonly byte[] Magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    private readonly FileStream file;
    private readonly Dictionary<string, (long At, long Bytes)> places = new(StringComparer.Ordinal);

    private LegacySave(string path, FileStream file)
        : base(path, file.Length)
    {
        this.file = file;
        byte[] start = new byte[Math.Min(file.Length, Magic.Length)];
        file.ReadExactly(start);
        bool saved = start.AsSpan().SequenceEqual(Magic);
        start = new byte[Math.Min(file.Length, saved ? 2L * MostPickleBytes : Array.MaxLength)];
        file.Position = 0;
        file.ReadExactly(start);
        if (!saved)
        {
            // Arrays of NumPy in a pickle alone, as pickle.dump leaves them.
            try
            {
                Pickle = RestrictedPickle.Read(start, path);
            }
            catch (ModelException e)
            {
                throw new ModelException($"{e.Message}. It is a bare pickle that torch.save did not write; {Mend}", e);
            }
            return;
        }
        int at = Magic.Length;
        Next();
        if (Next().Root is not PickleDictionary machine || machine["little_endian"] is not true)
            throw Bad("it was written on a big-endian machine; save it again on a little-endian one");
        Pickle = Next();
        if (Next().Root is not PickleList keys)
            throw Bad("its pickle is damaged (no list of storages follows)");
        Place(keys, at);

        PickleReading Next()
        {
            PickleReading read = RestrictedPickle.Read(start.AsMemory(at), path);
            at += read.Length;
            return read;
        }
    }

    public override PickleReading Pickle { get; }

    /// <exception cref="ModelException">Not this format, or a pickle that cannot be read.</exception>
    public static new LegacySave Open(string path)
    {
        FileStream file = File.OpenRead(path);
        try
        {
            return new LegacySave(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override void Dispose() => file.Dispose();

    internal override long Held(PickleStorage storage) => Place(storage).Bytes;

    private protected override void Load(PickleStorage storage, Span<byte> target)
    {
        file.Position = Place(storage).At;
        if (file.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length)
            throw Bad($"storage '{Shown.Of(storage.Key)}' is cut off");
    }

    private (long At, long Bytes) Place(PickleStorage storage) =>
        places.TryGetValue(storage.Key, out (long, long) place)
            ? place
            : throw Bad($"storage '{Shown.Of(storage.Key)}' is missing from the file");

    private void Place(PickleList keys, long at)
    {
        Span<byte> count = stackalloc byte[8];
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !Pickle.Storages.TryGetValue(key, out PickleStorage? storage))
                throw Bad("its list of storages names one that no tensor has");
            file.Position = at;
            if (file.ReadAtLeast(count, 8, throwOnEndOfStream: false) < 8)
                throw Bad($"storage '{Shown.Of(key)}' is cut off");
            long elements = BinaryPrimitives.ReadInt64LittleEndian(count),
                size = SizeOf(storage.Type);
            if (elements < 0 || elements > (file.Length - at - 8) / size)
                throw Bad($"storage '{Shown.Of(key)}' claims {elements} elements, more than the file holds");
            if (!places.TryAdd(key, (at + 8, elements * size)))
                throw Bad($"storage '{Shown.Of(key)}' is listed twice");
            at += 8 + (elements * size);
        }
    }
}
