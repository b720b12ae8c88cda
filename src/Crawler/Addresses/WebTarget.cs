// An address to fetch, with what is known of it.

using System.Text.Json.Serialization;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler.Addresses;

/// <summary>An address on its way to its one row.</summary>
/// <param name="Ordinal">Its place among the targets of its level; the manifest follows it.</param>
/// <param name="Url">The address as it was given.</param>
/// <param name="Address">The address to ask now: <paramref name="Url"/>'s, or where a redirect led.</param>
internal sealed record WebTarget(long Ordinal, string Url, Uri Address)
{
    /// <summary>Links to follow away from here: -1 where a page is not wanted at all, 0 where its images are.</summary>
    public int Depth { get; init; } = -1;

    /// <summary>Whether an archive is welcome: only where the user named it.</summary>
    public bool Archive { get; init; }

    /// <summary>Whether the sitemaps that its origin's robots.txt names are wanted.</summary>
    public bool Sitemaps { get; init; }

    /// <summary>The addresses asked so far, oldest first.</summary>
    public IReadOnlyList<string> Trail { get; init; } = [];

    /// <summary>What an earlier crawl was told, for a conditional request.</summary>
    public string? ETag { get; init; }

    /// <summary>The same.</summary>
    public string? LastModified { get; init; }

    /// <summary>The row of the manifest that the outcome replaces; null where it is a new row.</summary>
    public long? Replaces { get; init; }

    /// <summary>What is to be asked first, at another host; null for nothing.</summary>
    public Errand? Errand { get; init; }

    /// <summary>Whether <see cref="Url"/> names an object of a bucket, and <see cref="Address"/> no more than the server that holds
    /// it.</summary>
    [JsonIgnore]
    public bool OfBucket => BucketName.Fits(Url);

    /// <summary>The host that is asked, as it stands in a <c>Host</c> header but without a port.</summary>
    [JsonIgnore]
    public string Host => (Errand?.Address ?? Address).IdnHost;
}
