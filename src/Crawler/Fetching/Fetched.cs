// What one request came to.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>The outcome of one request: a body, a redirect, "not modified", or a reason.</summary>
internal sealed record Fetched
{
    /// <summary>The address asked.</summary>
    public required Uri Address { get; init; }

    /// <summary>The HTTP status; 0 where there was no answer.</summary>
    public int Status { get; init; }

    /// <summary>The body; null where there is none. Whoever uses the outcome disposes of it.</summary>
    public Body? Body { get; init; }

    /// <summary>The body's file, where it is an archive and one was welcome.</summary>
    public ArchiveFile? Archive { get; init; }

    /// <summary>Why there is no body; null on success, for a redirect and for 304.</summary>
    public string? Reason { get; init; }

    /// <summary>The sitemaps that robots.txt names, where they are wanted.</summary>
    public IReadOnlyList<Uri> Sitemaps { get; init; } = [];

    /// <summary>Where a redirect leads, as the server wrote it.</summary>
    public string? Location { get; init; }

    /// <summary>What goes on at a host of another process; the target has no outcome yet then.</summary>
    public WebTarget? Moved { get; init; }

    /// <summary>All headers, a pair a value.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The <c>charset</c> of Content-Type.</summary>
    public string? Charset { get; init; }

    /// <summary>Seconds from the start to the headers.</summary>
    public double Latency { get; init; }

    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request may well succeed later.</summary>
    public bool Heals =>
        Reason is Core.Reason.Timeout or Core.Reason.Reset or Core.Reason.ConnectFailed or Core.Reason.DnsError or Core.Reason.TruncatedBody
        || Status is 408 or 425 or 429 or (>= 500 and < 600 and not 501 and not 505);

    /// <summary>Whether the server says that it is asked too much.</summary>
    public bool Overloaded => Status is 429 or 503;

    /// <summary>The first value of a header; null where it is absent.</summary>
    public string? Header(string name)
    {
        foreach (KeyValuePair<string, string> header in Headers)
        {
            if (header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return header.Value;
        }
        return null;
    }
}
