// A robots.txt file, and what it says of one crawler and one path (RFC 9309).

namespace DataFreeKD.Crawler.Manners;

/// <summary>The rules, delays and sitemaps of a robots.txt file.</summary>
internal sealed class RobotsFile
{
    // What any site may be polite enough to ask for; also keeps a TimeSpan from overflowing.
    private const double LongestDelaySeconds = 24 * 60 * 60;

    // RFC 9309 section 2.5: a parser reads at least this much, and may ignore the rest.
    private const int LargestBytes = 500 << 10;

    private readonly IReadOnlyList<Group> groups;

    private RobotsFile(IReadOnlyList<Group> groups, IReadOnlyList<Uri> sitemaps) => (this.groups, Sitemaps) = (groups, sitemaps);

    /// <summary>For a site without robots.txt (RFC 9309 section 2.3.1.3).</summary>
    public static RobotsFile AllowAll { get; } = new([], []);

    /// <summary>For a site whose robots.txt cannot be had (RFC 9309 section 2.3.1.4).</summary>
    public static RobotsFile DisallowAll { get; } = Parse("User-agent: *\nDisallow: /"u8);

    /// <summary>The sitemaps named anywhere in the file, http and https, in its order.</summary>
    public IReadOnlyList<Uri> Sitemaps { get; }

    /// <summary>Reads the first 500 KiB; whatever is no rule is passed over. Never throws.</summary>
    public static RobotsFile Parse(ReadOnlySpan<byte> bytes)
    {
        var groups = new List<Group>();
        var sitemaps = new List<Uri>();
        Group? group = null;
        bool naming = false;
        foreach (Range range in new RobotsLines(bytes, LargestBytes))
        {
            if (!RobotsLine.TryRead(bytes[range], out RobotsKey key, out ReadOnlySpan<byte> value)) continue;
            switch (key)
            {
                case RobotsKey.UserAgent:
                    // Agents named one after the other share the rules that follow.
                    if (!naming) groups.Add(group = new Group());
                    naming = true;
                    group!.Agents.Add(RobotsLine.ProductToken(value));
                    break;
                case RobotsKey.Allow or RobotsKey.Disallow:
                    // Rules before the first agent belong to nobody.
                    naming = false;
                    if (group is not null && value.Length > 0) group.Rules.Add(new Rule(RobotsPattern.Parse(value), key == RobotsKey.Allow));
                    break;
                case RobotsKey.CrawlDelay:
                    // Not of the RFC, so it does not end a list of agents (section 2.2.4).
                    if (group is not null && RobotsLine.Seconds(value) is { } seconds) group.DelaySeconds = Math.Max(group.DelaySeconds ?? 0, Math.Min(seconds, LongestDelaySeconds));
                    break;
                case RobotsKey.Sitemap:
                    if (WebAddress.Parse(System.Text.Encoding.UTF8.GetString(value)) is { } sitemap && !sitemaps.Contains(sitemap)) sitemaps.Add(sitemap);
                    break;
            }
        }
        return new RobotsFile(groups, sitemaps);
    }

    /// <summary>Whether the crawler may fetch: the longest matching rule decides, allow on a tie, no match allows.</summary>
    /// <param name="productToken">The crawler's name, letters, <c>-</c> and <c>_</c>.</param>
    /// <param name="pathAndQuery">As in the URL, percent-encoded or not.</param>
    public bool Allows(string productToken, string pathAndQuery)
    {
        string path = RobotsPattern.CanonicalPath(pathAndQuery);
        if (path == "/robots.txt" || path.StartsWith("/robots.txt?", StringComparison.Ordinal)) return true;
        (int Length, bool Allow) best = (-1, true);
        foreach (Rule rule in GroupsOf(productToken).SelectMany(group => group.Rules))
        {
            // The cheap comparison first: a rule that cannot win need not be matched.
            bool better = rule.Pattern.Length > best.Length || (rule.Pattern.Length == best.Length && rule.Allow && !best.Allow);
            if (better && rule.Pattern.Matches(path)) best = (rule.Pattern.Length, rule.Allow);
        }
        return best.Allow;
    }

    /// <summary>The longest Crawl-delay asked of the crawler, at most a day; null where none is.</summary>
    public TimeSpan? CrawlDelay(string productToken) => GroupsOf(productToken).Max(group => group.DelaySeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>All groups that name the crawler count as one; those of <c>*</c> count where none does (RFC 9309 section 2.2.1).</summary>
    private IEnumerable<Group> GroupsOf(string productToken)
    {
        Group[] own = [.. groups.Where(group => group.Agents.Contains(productToken))];
        return own.Length > 0 ? own : groups.Where(group => group.Agents.Contains("*"));
    }

    private sealed class Group
    {
        public HashSet<string> Agents { get; } = new(StringComparer.OrdinalIgnoreCase);

        public List<Rule> Rules { get; } = [];

        public double? DelaySeconds { get; set; }
    }

    private sealed record Rule(RobotsPattern Pattern, bool Allow);
}
