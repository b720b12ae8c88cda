// What a compression decides by itself, for the library and the command alike.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Toolkit;

internal static class CompressDefaults
{
    /// <summary>Share of the selection that the student is measured on, with as many images of the rest of the pool.</summary>
    public const double HoldOut = 0.1;

    /// <summary>Scorings without gain after which training stops.</summary>
    public const int Patience = 4;

    /// <summary>Share of a crawl's images to select, where nobody knows before how many there will be.</summary>
    public const double CrawledShare = 0.2;

    // Below so many images all are taken; above, a fifth of them, between these bounds.
    private const long FewImages = 4000,
        MostImages = 20_000;
    private const int TakenShare = 5;

    /// <summary>Images to select of so many.</summary>
    public static long Selected(long images) =>
        images <= FewImages ? Math.Max(1, images) : Math.Clamp(images / TakenShare, FewImages, MostImages);

    /// <summary>Images of local sources.</summary>
    public static long Count(IEnumerable<string> sources, CancellationToken cancel) => sources.Sum(source => Count(source, cancel));

    /// <summary>Whether a source has to be fetched into a store before it can be scored.</summary>
    public static bool NeedsCrawl(string source)
    {
        if (source.Contains("://", StringComparison.Ordinal))
            return true;
        if (!File.Exists(source))
            return false;
        if (Path.GetExtension(source).ToUpperInvariant() is ".HTML" or ".HTM")
            return true;
        if (!Table.Fits(source) || ParquetImages.Fits(source))
            return false;
        using TableReader table = Table.Open(source);
        if (table.Header.IndexOf("path") < 0)
            return true;
        string? first = table.Rows(CancellationToken.None).FirstOrDefault()?["path"];
        return first is not null
            && first.Contains("://", StringComparison.Ordinal)
            && !ImageInputs.IsInBucket(first)
            && !first.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
    }

    private static long Count(string source, CancellationToken cancel)
    {
        if (!Table.Fits(source) || ParquetImages.Fits(source))
            return ImageInputs.Paths(source, cancel: cancel).LongCount();
        using TableReader table = Table.Open(source);
        return table.Rows(cancel).LongCount(row => row.IsUsable);
    }
}
