// The images to score, in order: local images, or the rows of tables with what their other columns carry.

using DataFreeKD.Imaging.Corruptions;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe;

/// <summary>One image to score, with the columns that travel through.</summary>
internal sealed record ScoreInput(ImageInput Image, TableRow? Row)
{
    /// <summary>Its place among the inputs, from 0.</summary>
    public long Place { get; init; }

    /// <summary>What is done to the image before the teacher sees it; null for nothing.</summary>
    public Corruption? Spoilt { get; init; }

    /// <summary>The path as it stands in the scores table; empty where a table's row has none.</summary>
    public string TablePath(string output) => Image.Path.Length == 0 ? "" : ManifestPath.ToTable(Image.Path, output);
}

internal sealed class ScoreInputs
{
    private static readonly HashSet<string> Ours = [.. Columns.Scores, .. Columns.ExtraScores, .. Columns.Selection];

    private readonly IReadOnlyList<string> sources;

    public ScoreInputs(IReadOnlyList<string> sources)
    {
        this.sources = sources;
        var carried = new List<string>();
        foreach (string table in sources.Where(Table.Fits))
        {
            using TableReader reader = Table.Open(table);
            reader.Header.Require("path");
            carried.AddRange(reader.Header.Columns.Where(column => !Ours.Contains(column) && !column.StartsWith("probe_", StringComparison.Ordinal) && !carried.Contains(column)));
        }
        Carried = carried;
    }

    /// <summary>Columns of input tables that no score has, carried through unchanged.</summary>
    public IReadOnlyList<string> Carried { get; }

    /// <summary>Every image, in the order of the sources. A table row that is not usable keeps its place with its reason.</summary>
    public IEnumerable<ScoreInput> Enumerate(CancellationToken cancel)
    {
        long place = 0;
        foreach (string source in sources)
        {
            foreach (ScoreInput input in Table.Fits(source) ? FromTable(source, cancel) : ImageInputs.Enumerate(source, cancel: cancel).Select(image => new ScoreInput(image, null))) yield return input with { Place = place++ };
        }
    }

    private static IEnumerable<ScoreInput> FromTable(string table, CancellationToken cancel)
    {
        // Rows and paths are walked side by side: archives are then read in streaming passes.
        using TableReader rows = Table.Open(table);
        using TableReader paths = Table.Open(table);
        using IEnumerator<ImageInput> images = ImageInputs.Read(paths.Rows(cancel).Where(row => row.IsUsable).Select(row => ManifestPath.FromTable(row["path"]!, table)), cancel: cancel).GetEnumerator();
        foreach (TableRow row in rows.Rows(cancel))
        {
            if (row.IsUsable)
            {
                if (!images.MoveNext()) throw new ScoreException($"{table}: the table changed while it was read; run again");
                yield return new ScoreInput(images.Current, row);
            }
            else
            {
                string reason = row["reason"] is { Length: > 0 } given ? given : row["status"] ?? "unusable";
                yield return new ScoreInput(new ImageInput(string.IsNullOrEmpty(row["path"]) ? "" : ManifestPath.FromTable(row["path"]!, table), null, reason), row);
            }
        }
    }
}
