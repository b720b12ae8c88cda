// A robots.txt file, and what it says of one crawler and one path (RFC 9309). Own code, as a stranger wrote the file: it is read in bounds,
// never throws, and each rule of the RFC is held by a test.

using System.Text;
using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Politeness;

/// <summary>The rules, delays and sitemaps of a robots.txt file.</summary>
internal sealed class RobotsFile
{
    // What any site may be polite enough to ask for; also keeps a TimeSpan from overflowing.
    private const double LongestDelaySeconds = 24 * 60 * 60;

    /// <summary>RFC 9309 section 2.5: a parser reads at least this much, and may ignore the rest.</summary>
    public const int LargestBytes = 500 << 10;

    private readonly Groups<Rule> rules = new();
    private readonly Groups<double> delays = new();
    private readonly List<Uri> sitemaps = [];

    private RobotsFile() { }

    /// <summary>For a site without robots.txt (RFC 9309 section 2.3.1.3).</summary>
    public static RobotsFile AllowAll { get; } = new();

    /// <summary>For a site whose robots.txt cannot be had (RFC 9309 section 2.3.1.4).</summary>
    public static RobotsFile DisallowAll { get; } = Parse("User-agent: *\nDisallow: /"u8);

    /// <summary>The sitemaps named anywhere in the file, http and https, in its order.</summary>
    public IReadOnlyList<Uri> Sitemaps => sitemaps;

    /// <summary>Reads the first 500 KiB; whatever is no rule is passed over. Never throws.</summary>
    public static RobotsFile Parse(ReadOnlySpan<byte> bytes)
    {
        RobotsFile file = new();
        foreach (Range range in new RobotsLines(bytes, LargestBytes))
        {
            if (!RobotsLine.TryRead(bytes[range], out RobotsKey key, out ReadOnlySpan<byte> value))
                continue;
            switch (key)
            {
                case RobotsKey.UserAgent:
                    string agent = RobotsLine.ProductToken(value);
                    file.rules.Name(agent);
                    file.delays.Name(agent);
                    break;
                case RobotsKey.Allow or RobotsKey.Disallow:
                    file.rules.Close();
                    file.delays.Close();
                    if (value.Length > 0)
                        file.rules.Add(new Rule(RobotsPattern.Parse(value), key == RobotsKey.Allow));
                    break;
                case RobotsKey.CrawlDelay:
                    // Not of the RFC, so it does not end a list of agents for the rules (section 2.2.4), only for delays.
                    file.delays.Close();
                    if (RobotsLine.Seconds(value) is { } seconds)
                        file.delays.Add(Math.Min(seconds, LongestDelaySeconds));
                    break;
                case RobotsKey.Sitemap:
                    if (WebAddress.Parse(Encoding.UTF8.GetString(value)) is { } sitemap && !file.sitemaps.Contains(sitemap))
                        file.sitemaps.Add(sitemap);
                    break;
            }
        }
        return file;
    }

    /// <summary>Whether the crawler may fetch: the longest matching rule decides, allow on a tie, no match allows.</summary>
    /// <param name="productToken">The crawler's name, letters, <c>-</c> and <c>_</c>.</param>
    /// <param name="pathAndQuery">As in the URL, percent-encoded or not.</param>
    public bool Allows(string productToken, string pathAndQuery)
    {
        string path = RobotsPattern.CanonicalPath(pathAndQuery);
        if (path == "/robots.txt" || path.StartsWith("/robots.txt?", StringComparison.Ordinal))
            return true;
        (int Length, bool Allow) best = (-1, true);
        foreach (Rule rule in rules.Of(productToken))
        {
            // The cheap comparison first: a rule that cannot win need not be matched.
            bool better = rule.Pattern.Length > best.Length || (rule.Pattern.Length == best.Length && rule.Allow && !best.Allow);
            if (better && rule.Pattern.Matches(path))
                best = (rule.Pattern.Length, rule.Allow);
        }
        return best.Allow;
    }

    /// <summary>The longest Crawl-delay asked of the crawler, at most a day; null where none is.</summary>
    public TimeSpan? CrawlDelay(string productToken) =>
        delays.Of(productToken) is { Count: > 0 } asked ? TimeSpan.FromSeconds(asked.Max()) : null;

    private sealed record Rule(RobotsPattern Pattern, bool Allow);

    /// <summary>What is said to which agents. Agents named one after the other share what follows; what is said before the first is said to
    /// nobody.</summary>
    private sealed class Groups<T>
    {
        private readonly Dictionary<string, List<T>> said = new(StringComparer.OrdinalIgnoreCase);
        private readonly HashSet<string> agents = new(StringComparer.OrdinalIgnoreCase);
        private bool naming;

        public void Name(string agent)
        {
            if (!naming)
                agents.Clear();
            naming = true;
            agents.Add(agent);
            // Being named counts, even where nothing is said.
            said.TryAdd(agent, []);
        }

        public void Close() => naming = false;

        public void Add(T item)
        {
            foreach (string agent in agents)
                said[agent].Add(item);
        }

        /// <summary>All groups of one name count as one; those of <c>*</c> count where the crawler has none (RFC 9309 section
        /// 2.2.1).</summary>
        public List<T> Of(string productToken) => said.GetValueOrDefault(productToken) ?? said.GetValueOrDefault("*") ?? [];
    }
}
