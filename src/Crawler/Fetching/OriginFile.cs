// What an origin's file for crawlers turned out to be, as it can be kept.

namespace DataFreeKD.Crawler.Fetching;

/// <summary>The outcome of asking for a file by which an origin says what it wants.</summary>
/// <param name="Status">The HTTP status; 0 where there was no answer.</param>
/// <param name="Reason">Why there is no body.</param>
/// <param name="Until">When it is to be read again (RFC 9309, 2.4: at most a day).</param>
internal sealed record OriginFile(int Status, string? Reason, DateTimeOffset Until)
{
    /// <summary>The file; null where there is none.</summary>
    public byte[]? Content { get; init; }

    /// <summary>Whether it came in a form that cannot be unpacked.</summary>
    public bool Broken { get; init; }

    /// <summary>Whether redirects lead nowhere.</summary>
    public bool Hidden { get; init; }

    /// <summary>The outcome of a fetch, whose body is disposed of.</summary>
    public static OriginFile Of(Fetched fetched, DateTimeOffset until)
    {
        using Body? body = fetched.Body;
        OriginFile file = new(fetched.Status, fetched.Reason, until);
        if (body is null)
            return file;
        try
        {
            return file with { Content = body.Unpacked() };
        }
        catch (FetchException)
        {
            return file with { Broken = true };
        }
    }
}
