// What a publisher says in headers and meta elements against the use of its images.

namespace DataFreeKD.Crawler.Politeness;

/// <summary>Reads X-Robots-Tag, robots meta elements and the TDM reservation protocol.</summary>
internal static class OptOut
{
    /// <summary>The reasons, the strongest wish first: where several are given, one reason is told, whatever their order.</summary>
    private static readonly string[] Reasons = [Reason.NoAi, Reason.NoIndex, Reason.TdmReserved];

    /// <summary>The reason not to use the answer with these headers; null where it is welcome.</summary>
    /// <param name="headers">Each value of a repeated header by itself: a value that names an agent speaks to that agent to its
    /// end.</param>
    /// <param name="productToken">The crawler's name.</param>
    public static string? FromHeaders(IEnumerable<KeyValuePair<string, string>> headers, string productToken) =>
        Strongest(
            headers.SelectMany(header =>
                Is(header.Key, "X-Robots-Tag") ? Directives(header.Value, productToken).Select(ReasonOf)
                : Is(header.Key, "TDM-Reservation") ? [Reservation(header.Value)]
                : []
            )
        );

    /// <summary>The reason that a meta element gives; null where it gives none.</summary>
    public static string? FromMeta(string name, string content, string productToken) =>
        Is(name.Trim(), "tdm-reservation") ? Reservation(content)
        : IsForUs(name.Trim(), productToken) ? Strongest(Directives(content, productToken).Select(ReasonOf))
        : null;

    /// <summary>Whether a meta element asks that no link of its page be followed.</summary>
    public static bool MetaForbidsFollowing(string name, string content, string productToken) =>
        IsForUs(name.Trim(), productToken)
        && Directives(content, productToken).Any(directive => Is(directive, "nofollow") || Is(directive, "none"));

    /// <summary>Of two reasons the one to tell.</summary>
    public static string? Strongest(IEnumerable<string?> reasons) => Reasons.FirstOrDefault(reasons.ToHashSet().Contains);

    private static string? Reservation(string value) => value.Trim() == "1" ? Reason.TdmReserved : null;

    private static string? ReasonOf(string directive) =>
        directive.ToUpperInvariant() switch
        {
            "NOAI" or "NOIMAGEAI" => Reason.NoAi,
            "NOINDEX" or "NOIMAGEINDEX" or "NONE" => Reason.NoIndex,
            _ => null,
        };

    /// <summary>The directives that speak to everyone or to us: <c>noindex, otherbot: noai, nofollow</c> gives the first only.</summary>
    private static IEnumerable<string> Directives(string value, string productToken)
    {
        bool ours = true;
        foreach (string part in value.Split(',', StringSplitOptions.TrimEntries))
        {
            string directive = part;
            int colon = part.IndexOf(':', StringComparison.Ordinal);
            string before = colon < 0 ? "" : part[..colon].Trim();
            // "max-snippet: 20" names no agent, nor does the clock in "unavailable_after: 25 Jun 2030 15:00:00 GMT" once a comma has split
            // it.
            if (before.Length > 0 && !before.Contains(' ', StringComparison.Ordinal) && !TakesAValue(before))
            {
                ours = before == "*" || Is(before, productToken);
                directive = part[(colon + 1)..].Trim();
            }
            if (ours)
                yield return directive;
        }
    }

    private static bool TakesAValue(string directive) =>
        directive.ToUpperInvariant() is "UNAVAILABLE_AFTER" or "MAX-SNIPPET" or "MAX-IMAGE-PREVIEW" or "MAX-VIDEO-PREVIEW";

    private static bool IsForUs(string name, string productToken) => Is(name, "robots") || Is(name, productToken);

    private static bool Is(string text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
