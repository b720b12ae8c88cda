// A finished cache, memory-mapped: the records of a batch come straight from the page cache.

using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace DataFreeKD.Distiller.Caching;

/// <summary>Reads a cache. Records may be read from any thread.</summary>
internal sealed class CacheFile : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly CacheRecord record;
    private readonly long first;

    private CacheFile(string path, CacheHeader header, int[] decisions, long first)
    {
        (Path, Header, HeldOutDecisions, this.first) = (path, header, decisions, first);
        record = new CacheRecord(header.Classes, header.TopK);
        map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What it holds.</summary>
    public CacheHeader Header { get; }

    /// <summary>The teacher's decisions on the held-out images, in the order of their slots.</summary>
    public int[] HeldOutDecisions { get; }

    /// <summary>Opens a cache and checks that all of it is there.</summary>
    /// <exception cref="DistillException">Missing, unfinished, not a cache, or damaged.</exception>
    public static CacheFile Open(string path)
    {
        if (!File.Exists(path))
            throw new DistillException(
                File.Exists(CacheWriter.PartOf(path))
                    ? $"{path} is not finished: end it with `dfkd cache --resume`"
                    : $"there is no cache at {path}; make it with `dfkd cache`"
            );
        long first,
            length;
        (CacheHeader Header, int[] Decisions) read;
        using (FileStream stream = File.OpenRead(path))
        {
            read = CacheHeader.Read(stream, path);
            (first, length) = (stream.Position, stream.Length);
        }
        long whole = first + (read.Header.Records * new CacheRecord(read.Header.Classes, read.Header.TopK).Bytes);
        if (length != whole)
            throw new DistillException(
                $"{path} has {length:N0} bytes where {whole:N0} were written; copy it again, or make it again with `dfkd cache`"
            );
        return new CacheFile(path, read.Header, read.Decisions, first);
    }

    /// <summary>Logits of one augmented image (<see cref="CacheRecord.ReadLogits"/>).</summary>
    /// <param name="position">Its place in the stream of all batches.</param>
    /// <param name="seed">Seed that its augmentation should have.</param>
    /// <param name="logits"><c>[C]</c>.</param>
    /// <exception cref="DistillException">The record is damaged, or of another augmentation.</exception>
    public void ReadLogits(long position, ulong seed, Span<float> logits)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(record.Bytes);
        Span<byte> bytes = rented.AsSpan(0, record.Bytes);
        view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(first + (position * record.Bytes)), bytes);
        if (!CacheRecord.IsIntact(bytes))
            throw new DistillException($"{Path}: record {position:N0} is damaged; copy the file again, or make it again with `dfkd cache`");
        if (CacheRecord.SeedOf(bytes) != seed)
            throw new DistillException(
                $"{Path}: record {position:N0} is of another augmentation than this run's; make the cache again with this version"
            );
        record.ReadLogits(bytes, logits);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        map.Dispose();
    }
}
