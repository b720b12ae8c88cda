// How one target ended.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Journal;

/// <summary>A line of the journal. Whether an image is the first of its content is decided when the crawl ends, by the order of the
/// targets.</summary>
/// <param name="Ordinal">The target's place in its level.</param>
/// <param name="Url">The address as it was given.</param>
/// <param name="Status"><c>ok</c>, <c>rejected</c> or <c>failed</c>; or <c>kept</c> where an image is unchanged since an earlier
/// crawl.</param>
internal sealed record JournalRow(long Ordinal, string Url, string Status)
{
    /// <summary>The status of an image that the server says is unchanged.</summary>
    public const string Kept = "kept";

    /// <summary>The status of a target that goes on in another partition.</summary>
    public const string IsMoved = "moved";

    /// <summary>A short stable code; empty where <see cref="Status"/> says all.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The address that answered, where a redirect led elsewhere.</summary>
    public string? Final { get; init; }

    /// <summary>SHA-256 of the stored file, lower-case hexadecimal.</summary>
    public string? Sha256 { get; init; }

    public int Width { get; init; }

    public int Height { get; init; }

    public string? Format { get; init; }

    /// <summary>Size of the stored file; of what was fetched where nothing was stored.</summary>
    public long Bytes { get; init; }

    public string? PHash { get; init; }

    /// <summary>The colours that near duplicates must share, as <see cref="DataFreeKD.Manifests.Looks.ColourSketch.Format"/> writes them;
    /// null where nobody asks.</summary>
    public string? Colours { get; init; }

    public string? ETag { get; init; }

    public string? LastModified { get; init; }

    /// <summary>The row of the manifest that this one replaces.</summary>
    public long? Replaces { get; init; }

    /// <summary>The images of a page.</summary>
    public IReadOnlyList<string>? Images { get; init; }

    /// <summary>The pages that a page links to, where they are to be followed.</summary>
    public IReadOnlyList<string>? Pages { get; init; }

    /// <summary>How far those pages may lead.</summary>
    public int Depth { get; init; }

    /// <summary>The sitemaps that the robots.txt of the address's origin names, where they are to be followed.</summary>
    public IReadOnlyList<string>? Sitemaps { get; init; }

    /// <summary>How far the pages of those sitemaps may lead.</summary>
    public int SitemapDepth { get; init; }

    /// <summary>What lies beside a member of an archive, by the manifest's columns.</summary>
    public IReadOnlyDictionary<string, string?>? Carried { get; init; }

    /// <summary>Set for an archive whose members have rows of their own.</summary>
    public bool? Members { get; init; }

    /// <summary>How a target goes on in another partition; it has no outcome yet.</summary>
    public WebTarget? Moved { get; init; }
}
