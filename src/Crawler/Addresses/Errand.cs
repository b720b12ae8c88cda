// A file that says what an origin wants, and that another host has.

namespace DataFreeKD.Crawler.Addresses;

/// <summary>What kinds of files an origin has for crawlers.</summary>
internal enum OriginFileKind
{
    /// <summary>robots.txt.</summary>
    Robots,

    /// <summary>The reservations of the TDM Reservation Protocol.</summary>
    Reservations,
}

/// <summary>What has to be asked at another host before a target may be asked for: the origin's file, where a redirect leads to.</summary>
/// <param name="Kind">Which file.</param>
/// <param name="Origin">Whose file.</param>
/// <param name="Address">Where it is now.</param>
/// <param name="Trail">The addresses asked so far, oldest first.</param>
internal sealed record Errand(OriginFileKind Kind, string Origin, Uri Address, IReadOnlyList<string> Trail);
