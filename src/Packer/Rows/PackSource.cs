// The table to pack: one pass to learn its classes and paths, then as many as a format needs.

using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Rows;

/// <summary>The rows of a table that can be packed.</summary>
internal sealed class PackSource
{
    private readonly string path;
    private readonly PackClasses classes = new();
    private readonly List<string> images = [];
    private readonly Dictionary<string, long> left = new(StringComparer.Ordinal);

    /// <summary>Reads the table once.</summary>
    /// <exception cref="TableException">It cannot be read, or has no column <c>path</c>.</exception>
    /// <exception cref="PackException">No row can be packed.</exception>
    public PackSource(string path, CancellationToken cancel)
    {
        this.path = path;
        using TableReader table = Table.Open(path);
        Header = table.Header;
        Header.Require("path");
        foreach (TableRow row in table.Rows(cancel))
        {
            Rows++;
            if (row.IsRefused)
            {
                left[row["status"]!] = left.GetValueOrDefault(row["status"]!) + 1;
                continue;
            }
            images.Add(ManifestPath.FromTable(row["path"]!, path));
            classes.See(Prediction(row), row["class_name"] ?? "");
        }
        if (images.Count == 0)
            throw new PackException(
                $"{path}: no row to pack ({(Rows == 0 ? "the table is empty" : $"none of its {Rows} rows has the status ok")}); give a table that dfkd select wrote"
            );
    }

    /// <summary>The columns.</summary>
    public TableHeader Header { get; }

    /// <summary>Rows of the table, of any status.</summary>
    public long Rows { get; }

    /// <summary>Rows of another status than ok, by status.</summary>
    public IReadOnlyDictionary<string, long> Left => left;

    /// <summary>The absolute paths of the rows to pack, in the table's order.</summary>
    public IReadOnlyList<string> Images => images;

    /// <summary>Streams the rows to pack, in the table's order.</summary>
    public IEnumerable<PackRow> Read(CancellationToken cancel)
    {
        using TableReader table = Table.Open(path);
        int at = 0;
        foreach (TableRow row in table.Rows(cancel))
        {
            if (row.IsRefused)
                continue;
            if (at == images.Count)
                throw Changed();
            yield return new PackRow(row, images[at++], classes.Of(Prediction(row), row["class_name"] ?? ""));
        }
        if (at < images.Count)
            throw Changed();
    }

    private static double Prediction(TableRow row) => Numbers.Parse(row["prediction"], row, "prediction");

    private TableException Changed() => new($"{path} changed while it was read; pack again when whatever writes it is done");
}
