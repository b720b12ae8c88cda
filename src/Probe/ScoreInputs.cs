// The images to score, in order: local images, or the rows of tables with what their other columns carry.

using DataFreeKD.Imaging;
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

    /// <summary>The image itself, where it needs no decoding; null where <see cref="Image"/> has it.</summary>
    public RgbImage? Pixels { get; init; }

    /// <summary>The image, where it was decoded before its turn so that its bytes need not wait; null for the rest.</summary>
    public DecodedInput? Early { get; init; }

    /// <summary>Bytes that count as waiting until it is decoded.</summary>
    public long Waiting { get; init; }

    /// <summary>The path as it stands in the scores table; empty where a table's row has none.</summary>
    public string TablePath(string output) => Image.Path.Length == 0 ? "" : ManifestPath.ToTable(Image.Path, output);
}

internal sealed class ScoreInputs
{
    private static readonly HashSet<string> Ours = new([.. Columns.Scores, .. Columns.ExtraScores, .. Columns.Selection], StringComparer.OrdinalIgnoreCase);

    private readonly IReadOnlyList<string> sources;
    private readonly InputOptions opening;
    private readonly string? pathColumn;

    /// <exception cref="ScoreException">A Parquet file with the images themselves in it.</exception>
    /// <exception cref="TableException">A table that cannot be read, or has no column of paths.</exception>
    public ScoreInputs(ScoreOptions options)
    {
        opening = new InputOptions { FollowLinks = options.FollowLinks };
        pathColumn = options.PathColumn;
        sources = [.. options.Inputs.SelectMany(source => ImageInputs.AllOf(source, Table.Fits) ?? [source])];
        var carried = new List<string>();
        foreach (string table in sources.Where(Table.Fits))
        {
            if (pathColumn is null && ParquetImages.Fits(table)) throw new ScoreException($"{table} holds the images themselves, which later stages could not read; bring them into a store first: dfkd crawl {Path.GetFileName(table)} -o store/, then score store/manifest.csv");
            using TableReader reader = Table.Open(table, pathColumn);
            int path = reader.Header.Require("path");
            carried.AddRange(reader.Header.Columns.Where((column, at) => at != path && !Ours.Contains(column) && !column.StartsWith("probe_", StringComparison.Ordinal) && !carried.Contains(column)));
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
            foreach (ScoreInput input in Table.Fits(source) ? FromTable(source, cancel) : ImageInputs.Enumerate(source, opening, cancel).Select(image => new ScoreInput(image, null))) yield return input with { Place = place++ };
        }
    }

    private IEnumerable<ScoreInput> FromTable(string table, CancellationToken cancel)
    {
        // Rows and paths are walked side by side: archives are then read in streaming passes.
        using TableReader rows = Table.Open(table, pathColumn);
        using TableReader paths = Table.Open(table, pathColumn);
        using IEnumerator<ImageInput> images = ImageInputs.Read(paths.UsablePaths(cancel), opening, cancel).GetEnumerator();
        foreach (TableRow row in rows.Rows(cancel))
        {
            if (row.IsUsable)
            {
                if (!images.MoveNext()) throw new ScoreException($"{table}: the table changed while it was read; run again");
                yield return new ScoreInput(images.Current, row);
            }
            else
            {
                string reason = row.IsRefused ? row["reason"] is { Length: > 0 } given ? given : row["status"]! : "no_path";
                yield return new ScoreInput(new ImageInput(string.IsNullOrEmpty(row["path"]) ? "" : ManifestPath.FromTable(row["path"]!, table), null, reason), row);
            }
        }
    }
}
