// A pack at work: its rows and images in order, and the count of what became of them.

using System.Security.Cryptography;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer;

/// <summary>Where a pack stands.</summary>
/// <param name="Done">Rows seen.</param>
/// <param name="Total">Rows to pack.</param>
public readonly record struct PackProgress(long Done, long Total);

/// <summary>What every format needs.</summary>
internal sealed class PackJob(
    PackOptions options,
    OutputLock held,
    PackSource source,
    IProgress<PackProgress>? progress,
    CancellationToken cancel
)
{
    private readonly SortedDictionary<string, long> skipped = new(source.Left.ToDictionary(), StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> classes = new(StringComparer.Ordinal);
    private long done;

    public PackOptions Options => options;

    public PackSource Source => source;

    public CancellationToken Cancel => cancel;

    /// <summary>Rows packed so far.</summary>
    public long Packed { get; private set; }

    /// <summary>Tar shards written.</summary>
    public long Shards { get; set; }

    /// <summary>Rows left out so far, by reason.</summary>
    public IReadOnlyDictionary<string, long> Skipped => skipped;

    /// <summary>Images so far, by class name.</summary>
    public IReadOnlyDictionary<string, long> Classes => classes;

    /// <summary>To be asked before a file is put in its place.</summary>
    /// <exception cref="OutputException">It appeared meanwhile.</exception>
    public void RefuseAppeared() => held.RefuseAppeared(options.Overwrite);

    /// <summary>Rows to pack, without their images.</summary>
    public IEnumerable<PackRow> Rows()
    {
        foreach (PackRow row in source.Read(cancel))
        {
            yield return row;
            Report();
        }
    }

    /// <summary>Rows to pack with their images; those that cannot be read are skipped with their reason.</summary>
    public IEnumerable<PackImage> Images() => Images(static _ => true).Select(static pair => pair.Image!);

    /// <summary>Rows to pack, with the images of those paths that are to be read.</summary>
    public IEnumerable<(PackRow Row, PackImage? Image)> Images(Func<string, bool> read)
    {
        using IEnumerator<ImageInput> inputs = ImageInputs.Read(source.Images.Where(read), cancel: cancel).GetEnumerator();
        foreach (PackRow row in Rows())
        {
            if (!read(row.Path))
            {
                yield return (row, null);
                continue;
            }
            inputs.MoveNext();
            ImageInput input = inputs.Current;
            string format = input.Bytes is { } start ? ImageDecoder.FormatOf(start) : "";
            if ((input.Reason ?? Doubt(row, input.Bytes!, format)) is { } reason)
                Skip(reason);
            else
                yield return (row, new PackImage(row, input.Bytes!, format));
        }
    }

    /// <summary>Counts a row as packed.</summary>
    /// <param name="row">The row.</param>
    /// <param name="image">Whether its image was, too.</param>
    public void Add(PackRow row, bool image = true)
    {
        Packed++;
        if (image)
            classes[row.Class.Name] = classes.GetValueOrDefault(row.Class.Name) + 1;
    }

    /// <summary>Counts a row as left out.</summary>
    public void Skip(string reason) => skipped[reason] = skipped.GetValueOrDefault(reason) + 1;

    /// <summary>Refuses to leave an output with nothing in it.</summary>
    /// <exception cref="PackException">Nothing was packed; the message says why.</exception>
    public void RequireSome()
    {
        if (Packed == 0)
            throw new PackException(
                $"{options.Selection}: nothing could be packed: {string.Join(", ", skipped.Select(reason => $"{reason.Key} {reason.Value}"))}; the rows' paths are relative to the table's folder"
            );
    }

    // A selection stands for what was scored: other content under the same name is not it.
    private static string? Doubt(PackRow row, byte[] bytes, string format) =>
        format.Length == 0 ? Reason.UnknownFormat
        : row.Sha256 is { } scored && scored != Convert.ToHexStringLower(SHA256.HashData(bytes)) ? Reason.Changed
        : null;

    private void Report()
    {
        if (++done % 256 == 0 || done == source.Images.Count)
            progress?.Report(new PackProgress(done, source.Images.Count));
    }
}
