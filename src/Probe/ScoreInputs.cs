// The images to score, in order: local images, or the rows of tables with what their other columns carry.

using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Corruptions;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Probe.Scores;

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

    /// <summary>SHA-256 of the file's bytes, where it was asked for before decoding; else null.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether its bytes came before, so that its figures are known.</summary>
    public bool Copy { get; init; }

    /// <summary>Bytes that count as waiting until it is decoded.</summary>
    public long Waiting { get; init; }

    /// <summary>The path as it stands in the scores table; empty where a table's row has none.</summary>
    public string TablePath(string output) => Image.Path.Length == 0 ? "" : ManifestPath.ToTable(Image.Path, output);
}

internal sealed partial class ScoreInputs
{
    private static readonly HashSet<string> Ours = new(
        [.. Columns.Scores, .. Columns.ExtraScores, .. Columns.Selection],
        StringComparer.OrdinalIgnoreCase
    );

    private readonly IReadOnlyList<string> sources;
    private readonly InputOptions opening;
    private readonly string? pathColumn;

    /// <exception cref="TableException">A table that cannot be read, or has no column of paths.</exception>
    public ScoreInputs(ScoreOptions options)
    {
        opening = new InputOptions { FollowLinks = options.FollowLinks };
        pathColumn = options.PathColumn;
        sources = [.. options.Sources.SelectMany(source => ImageInputs.AllOf(source, Table.Fits) ?? [source])];
        List<string> carried = new();
        foreach (string table in sources.Where(Table.Fits))
        {
            using TableReader reader = Table.Open(table, pathColumn);
            int path = HoldsImages(table) ? -1 : reader.Header.Require("path");
            carried.AddRange(reader.Header.Columns.Where((column, at) => at != path && !IsOurs(column) && !carried.Contains(column)));
        }
        carried.AddRange(
            Sidecars.CarriedColumns(sources, opening, CancellationToken.None).Where(column => !IsOurs(column) && !carried.Contains(column))
        );
        Carried = carried;
    }

    /// <summary>Columns of input tables, and of what lies beside images in archives, that no score has, carried through
    /// unchanged.</summary>
    public IReadOnlyList<string> Carried { get; }

    /// <summary>Every image, in the order of the sources. A table row that is not usable keeps its place with its reason.</summary>
    public IEnumerable<ScoreInput> Enumerate(CancellationToken cancel)
    {
        long place = 0;
        foreach (string source in sources)
        {
            foreach (
                ScoreInput input in Table.Fits(source)
                    ? HoldsImages(source)
                        ? FromRows(source, cancel)
                        : FromTable(source, cancel)
                    : ImageInputs.Enumerate(source, opening, cancel).Select(image => new ScoreInput(image, null))
            )
                yield return input with
                {
                    Place = place++,
                };
        }
    }

    // A column that scoring writes itself, which a table or a shard has from an earlier run.
    private static bool IsOurs(string column) =>
        Ours.Contains(column)
        || column.StartsWith("probe_", StringComparison.Ordinal)
        || ExtraScore.All.Any(score => score.Column == column);

    // A named column of paths is what the user means, whatever else is in the file.
    private bool HoldsImages(string table) => pathColumn is null && ParquetImages.Fits(table);

    // Hugging Face's form: the images are in the table, and go by its name and their rows.
    private IEnumerable<ScoreInput> FromRows(string table, CancellationToken cancel) =>
        EmbeddedImages.Read(table, opening.MaxBytes, cancel).Select(row => new ScoreInput(row.Image, row.Row));

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
                if (!images.MoveNext())
                    throw new ScoreException($"{table}: the table changed while it was read; run again");
                yield return new ScoreInput(images.Current, row);
            }
            else
            {
                yield return Refused(row, table);
            }
        }
    }

    // A row without an image to look at: refused by a stage before, or without a path.
    private static ScoreInput Refused(TableRow row, string table)
    {
        string reason = row.IsRefused
            ? row["reason"] is { Length: > 0 } given
                ? given
                : row["status"]!
            : "no_path";
        return new ScoreInput(
            new ImageInput(string.IsNullOrEmpty(row["path"]) ? "" : ManifestPath.FromTable(row["path"]!, table), null, reason),
            row
        );
    }
}
