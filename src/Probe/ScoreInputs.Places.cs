// The images to score by their places: counted and listed without their contents, and read from a place on without what comes before.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe;

/// <content>Places.</content>
internal sealed partial class ScoreInputs
{
    /// <summary>The tables, folders, files, globs and archives, in order; folders of tables are taken apart.</summary>
    public IReadOnlyList<string> Sources => sources;

    /// <summary>Is asked of every image's file before its row is scored, of a table's also before the file is read; throws where it may not
    /// be looked at.</summary>
    public Action<string>? Guard { get; set; }

    /// <summary>Every input of a source in order, without its contents.</summary>
    /// <param name="source">One of <see cref="Sources"/>.</param>
    /// <param name="archives">Is given the number of inputs of every archive.</param>
    /// <param name="cancel">Stops.</param>
    public IEnumerable<ScoreInput> Places(string source, IDictionary<string, long> archives, CancellationToken cancel)
    {
        if (!Table.Fits(source))
            return ImageInputs.Places(source, archives, opening, cancel).Select(image => new ScoreInput(image, null));
        return HoldsImages(source) ? FromRows(source, cancel) : Listed(source, cancel);
    }

    /// <summary>Number of inputs, of which none is read.</summary>
    public long Count(CancellationToken cancel)
    {
        Dictionary<string, long> archives = [];
        return sources.Sum(source => Places(source, archives, cancel).LongCount());
    }

    /// <summary>A cursor over the inputs of a source.</summary>
    /// <param name="source">One of <see cref="Sources"/>.</param>
    /// <param name="archives">What <see cref="Places"/> found.</param>
    public SourceCursor Open(string source, IReadOnlyDictionary<string, long> archives) =>
        !Table.Fits(source)
            ? new SourceCursor(
                (first, count, cancel) =>
                    ImageInputs.EnumerateFrom(source, first, archives, opening, cancel).Select(image => new ScoreInput(image, null)),
                null
            )
        : HoldsImages(source)
            ? new SourceCursor((first, count, cancel) => FromRows(source, cancel).Where((_, place) => place >= first), null)
        : OpenTable(source);

    private SourceCursor OpenTable(string table)
    {
        TableReader reader = Table.Open(table, pathColumn);
        long next = 0;
        return new SourceCursor(
            (first, count, cancel) =>
            {
                if (next > first)
                {
                    reader.Dispose();
                    reader = Table.Open(table, pathColumn);
                    next = 0;
                }
                for (; next < first && reader.Read(); next++)
                    cancel.ThrowIfCancellationRequested();
                List<TableRow> rows = new();
                for (; rows.Count < count && reader.Read(); next++)
                    rows.Add(reader.Row());
                return OfRows(rows, table, cancel);
            },
            () => reader.Dispose()
        );
    }

    private IEnumerable<ScoreInput> OfRows(List<TableRow> rows, string table, CancellationToken cancel)
    {
        IEnumerable<string> paths = rows.Where(row => row.IsUsable).Select(row => Guarded(ManifestPath.FromTable(row["path"]!, table)));
        using IEnumerator<ImageInput> images = ImageInputs.Read(paths, opening, cancel).GetEnumerator();
        foreach (TableRow row in rows)
            yield return row.IsUsable && images.MoveNext() ? new ScoreInput(images.Current, row) : Refused(row, table);
    }

    private string Guarded(string path)
    {
        Guard?.Invoke(path);
        return path;
    }

    private IEnumerable<ScoreInput> Listed(string table, CancellationToken cancel)
    {
        using TableReader reader = Table.Open(table, pathColumn);
        ArchiveMarks marks = new(cancel);
        foreach (TableRow row in reader.Rows(cancel))
            yield return row.IsUsable
                ? new ScoreInput(marks.Placed(ManifestPath.FromTable(row["path"]!, table)), row)
                : Refused(row, table);
    }
}

/// <summary>Reads stretches of a source, best in ascending order.</summary>
/// <param name="read">Gives the inputs from a place on: at least as many as asked for, where there are.</param>
/// <param name="close">What is open.</param>
internal sealed class SourceCursor(Func<long, long, CancellationToken, IEnumerable<ScoreInput>> read, Action? close) : IDisposable
{
    /// <summary>The inputs from <paramref name="first"/> on, <paramref name="count"/> of them or fewer where there are not so
    /// many.</summary>
    public IEnumerable<ScoreInput> Read(long first, long count, CancellationToken cancel) => read(first, count, cancel).Take((int)count);

    public void Dispose() => close?.Invoke();
}
