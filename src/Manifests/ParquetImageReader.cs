// Images of a Parquet file by their rows, in any order.

using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>Reads images within a Parquet file by row. Two row groups are kept, so that rows asked for in about the file's order are
/// decoded once.</summary>
internal sealed class ParquetImageReader : IDisposable
{
    private const int GroupsKept = 2;

    private readonly ParquetFile file;
    private readonly DataField images;
    private readonly long[] starts;
    private readonly LinkedList<(int Group, byte[]?[] Images)> kept = new();

    private ParquetImageReader(ParquetFile file, DataField images)
    {
        (this.file, this.images) = (file, images);
        starts = new long[file.Groups + 1];
        for (int group = 0; group < file.Groups; group++)
            starts[group + 1] = starts[group] + file.RowsOf(group);
    }

    /// <summary>How many rows the file has.</summary>
    public long Rows => starts[^1];

    /// <summary>Opens a file for which <see cref="ParquetImages.Fits"/> holds.</summary>
    /// <exception cref="TableException">The file is damaged, or has no column of images.</exception>
    public static ParquetImageReader Open(string path)
    {
        ParquetFile file = new(path);
        try
        {
            return new ParquetImageReader(file, ParquetImages.Images(file) ?? throw new TableException($"{path} has no column of images"));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The image file of a row, from 0; null where the row has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="TableException">The file is damaged.</exception>
    public byte[]? Read(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        int group = Array.BinarySearch(starts, row);
        if (group < 0)
            group = ~group - 1;
        // Groups without rows begin where the next one does.
        while (starts[group + 1] <= row)
            group++;
        return GroupOf(group)[row - starts[group]];
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private byte[]?[] GroupOf(int group)
    {
        for (LinkedListNode<(int Group, byte[]?[] Images)>? node = kept.First; node is not null; node = node.Next)
        {
            if (node.Value.Group != group)
                continue;
            kept.Remove(node);
            kept.AddFirst(node);
            return node.Value.Images;
        }
        if (kept.Count == GroupsKept)
            kept.RemoveLast();
        byte[]?[] read = file.LoadBytes(group, images);
        kept.AddFirst((group, read));
        return read;
    }
}
