// What a report is made of: the tables, and what only others can compute.

using DataFreeKD.Imaging;
using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting;

/// <summary>How rows are ranked.</summary>
/// <param name="Name">What the ranking is called, for people.</param>
/// <param name="Score">The score of the reader's current row, higher = more useful; NaN for a row that is not ranked. The reader is open on
/// the scores table.</param>
internal sealed record RowRanking(string Name, Func<TableReader, double> Score);

/// <summary>Where a teacher looked.</summary>
/// <param name="Seen">The image as the teacher saw it: resized and cropped, square.</param>
/// <param name="Row">The attention probe, row by row from the top left: <c>[GridHeight * GridWidth]</c>, sums to 1.</param>
/// <param name="GridWidth">Patches across.</param>
internal sealed record AttentionView(RgbImage Seen, IReadOnlyList<float> Row, int GridWidth);

/// <summary>Labels against decisions.</summary>
/// <param name="Of">Whose decisions on which images, for people.</param>
/// <param name="ClassNames">By class index.</param>
/// <param name="Counts">By [label][decision].</param>
internal sealed record ConfusionCounts(string Of, IReadOnlyList<string> ClassNames, IReadOnlyList<IReadOnlyList<long>> Counts);

/// <summary>What is known of the teacher without its weights.</summary>
/// <param name="Name">Its path or name.</param>
/// <param name="Classes">Classes of its head; 0 without a head.</param>
internal sealed record TeacherFacts(string Name, int Classes);

/// <summary>Options of a report.</summary>
public sealed record ReportOptions
{
    /// <summary>The scores table, .csv or .parquet.</summary>
    public required string Scores { get; init; }

    /// <summary>The page to write, .html.</summary>
    public required string Output { get; init; }

    /// <summary>The selection made from the scores; null for none.</summary>
    public string? Selection { get; init; }

    /// <summary>The student's directory, for its training curves; null for none.</summary>
    public string? Student { get; init; }

    /// <summary>How rows are ranked; null for the selection score, the entropy or the last block's probe, whichever the table has
    /// first.</summary>
    internal RowRanking? Ranking { get; init; }

    /// <summary>Where the teacher looks on given images (absolute paths), null for one that cannot be read; null for no attention
    /// maps.</summary>
    internal Func<IReadOnlyList<string>, IReadOnlyList<AttentionView?>>? Attention { get; init; }

    /// <summary>The student's confusions; null for none.</summary>
    internal ConfusionCounts? Confusion { get; init; }

    /// <summary>The teacher; null where nobody loaded it.</summary>
    internal TeacherFacts? Teacher { get; init; }

    /// <summary>The page's title; null for one of the table's name.</summary>
    public string? Title { get; init; }

    /// <summary>Images in each strip (best, median, borderline, worst) of a class.</summary>
    /// <value>4.</value>
    public int ImagesPerStrip { get; init; } = 4;

    /// <summary>Classes with thumbnails, the most frequent first.</summary>
    /// <value>12.</value>
    public int ClassesShown { get; init; } = 12;

    /// <summary>Bytes of all encoded images together; what comes after is left out, and the page says so.</summary>
    /// <value>6 MiB.</value>
    public long MaxImageBytes { get; init; } = 6L << 20;

    /// <summary>Whether a page that is there is replaced.</summary>
    /// <value>True.</value>
    public bool Overwrite { get; init; } = true;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ReportException">The first that cannot be used, by name.</exception>
    public void Validate()
    {
        if (!Output.EndsWith(".html", StringComparison.OrdinalIgnoreCase) && !Output.EndsWith(".htm", StringComparison.OrdinalIgnoreCase))
            throw new ReportException($"{Output}: a report is a web page; name a .html file");
        if (ImagesPerStrip is < 0 or > 50)
            throw new ReportException($"{ImagesPerStrip} images a strip: give 0 to 50");
        if (ClassesShown is < 0 or > 1000)
            throw new ReportException($"{ClassesShown} classes with images: give 0 to 1000");
        if (MaxImageBytes < 0)
            throw new ReportException($"{MaxImageBytes} bytes of images: give 0 or more");
    }
}
