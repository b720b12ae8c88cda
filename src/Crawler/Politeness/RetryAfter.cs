// The Retry-After header: seconds, or a date in any of HTTP's three forms.

using System.Globalization;

namespace DataFreeKD.Crawler.Politeness;

internal static class RetryAfter
{
    private const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite;

    private static readonly TimeSpan FiftyYears = TimeSpan.FromDays(50 * 365.2425);

    /// <summary>How long to wait (RFC 9110 sections 10.2.3 and 5.6.7); zero for the past, null where the header is absent or cannot be
    /// read.</summary>
    public static TimeSpan? Parse(string? header, DateTimeOffset now)
    {
        string text = (header ?? "").Trim();
        if (IsNumber(text))
            return double.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double seconds)
                ? Seconds(seconds)
                : null;
        return Date(text, now) is { } date
            ? date <= now
                ? TimeSpan.Zero
                : date - now
            : null;
    }

    private static bool IsNumber(string text) => text.TrimStart('-') is { Length: > 0 } digits && digits.All(char.IsAsciiDigit);

    // Ten thousand years ask for nothing that a century does not, and fit a TimeSpan.
    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 100 * 366 * 86400.0));

    private static DateTimeOffset? Date(string text, DateTimeOffset now)
    {
        // The day's name is left unread: it adds nothing, and servers get it wrong.
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
            return Exact(text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..], "MMM d HH:mm:ss yyyy");
        string rest = text[(comma + 1)..].Trim();
        return Exact(rest, "d MMM yyyy HH:mm:ss 'GMT'") ?? TwoDigitYear(rest, now);
    }

    /// <summary>RFC 850: a date that seems more than 50 years ahead is the one of a century before.</summary>
    private static DateTimeOffset? TwoDigitYear(string text, DateTimeOffset now)
    {
        string[] parts = text.Split('-', ' ');
        if (parts is not [_, _, { Length: 2 } year, _, _])
            return null;
        for (int century = now.Year / 100 + 1; century >= now.Year / 100 - 1; century--)
        {
            string whole = string.Create(CultureInfo.InvariantCulture, $"{parts[0]} {parts[1]} {century:D2}{year} {parts[3]} {parts[4]}");
            if (Exact(whole, "d MMM yyyy HH:mm:ss 'GMT'") is { } date && date - now <= FiftyYears)
                return date;
        }
        return null;
    }

    private static DateTimeOffset? Exact(string text, string format) =>
        DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, Utc, out DateTimeOffset date) ? date : null;
}
