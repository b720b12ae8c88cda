// The lines of a robots.txt file: where they end, and what key and value each has.

using System.Buffers.Text;
using System.Text;

namespace DataFreeKD.Crawler.Politeness;

/// <summary>The keys that mean something to a crawler.</summary>
internal enum RobotsKey
{
    UserAgent,
    Allow,
    Disallow,
    CrawlDelay,
    Sitemap,
}

/// <summary>Reads one line <c>key: value # comment</c>.</summary>
internal static class RobotsLine
{
    /// <summary>False for a line that is empty, a comment, or no record that counts.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out RobotsKey key, out ReadOnlySpan<byte> value)
    {
        int comment = line.IndexOf((byte)'#');
        line = (comment < 0 ? line : line[..comment]).Trim(" \t"u8);
        int colon = line.IndexOf((byte)':');
        if (colon >= 0)
        {
            value = line[(colon + 1)..].Trim(" \t"u8);
            return TryKey(line[..colon].Trim(" \t"u8), out key);
        }
        // Authors forget the colon: two words are then a key and its value, more are prose.
        int gap = line.IndexOfAny(" \t"u8);
        value = gap < 0 ? [] : line[gap..].Trim(" \t"u8);
        bool twoWords = value.Length > 0 && value.IndexOfAny(" \t"u8) < 0;
        return TryKey(gap < 0 ? [] : line[..gap], out key) && twoWords;
    }

    /// <summary>The name that an agent line means: its leading letters, <c>-</c> and <c>_</c> (a version may follow), or
    /// <c>*</c>.</summary>
    public static string ProductToken(ReadOnlySpan<byte> value)
    {
        if (value.StartsWith("*"u8) && (value.Length == 1 || value[1] is (byte)' ' or (byte)'\t'))
            return "*";
        int end = value.IndexOfAnyExcept(TokenBytes);
        return Encoding.ASCII.GetString(end < 0 ? value : value[..end]);
    }

    /// <summary>A number of seconds that is not negative; null for anything else.</summary>
    public static double? Seconds(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out double seconds, out int used) && used == value.Length && double.IsFinite(seconds) && seconds >= 0
            ? seconds
            : null;

    private static readonly System.Buffers.SearchValues<byte> TokenBytes = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"u8
    );

    private static bool TryKey(ReadOnlySpan<byte> name, out RobotsKey key)
    {
        foreach ((string spelling, RobotsKey known) in Spellings)
        {
            if (!Ascii.EqualsIgnoreCase(name, spelling))
                continue;
            key = known;
            return true;
        }
        key = default;
        return false;
    }

    // A misspelt wish is still a wish.
    private static readonly (string Spelling, RobotsKey Key)[] Spellings =
    [
        ("user-agent", RobotsKey.UserAgent),
        ("useragent", RobotsKey.UserAgent),
        ("user agent", RobotsKey.UserAgent),
        ("disallow", RobotsKey.Disallow),
        ("dissallow", RobotsKey.Disallow),
        ("dissalow", RobotsKey.Disallow),
        ("disalow", RobotsKey.Disallow),
        ("disallaw", RobotsKey.Disallow),
        ("diasllow", RobotsKey.Disallow),
        ("allow", RobotsKey.Allow),
        ("crawl-delay", RobotsKey.CrawlDelay),
        ("crawldelay", RobotsKey.CrawlDelay),
        ("sitemap", RobotsKey.Sitemap),
        ("site-map", RobotsKey.Sitemap),
    ];
}

/// <summary>The lines of the file as ranges, without a byte order mark; a line cut by the size limit is left out, for it says something
/// else.</summary>
internal readonly ref struct RobotsLines(ReadOnlySpan<byte> file, int limit)
{
    private readonly ReadOnlySpan<byte> read = file.Length > limit ? file[..limit] : file;
    private readonly bool cut = file.Length > limit && file[limit] is not ((byte)'\n' or (byte)'\r');

    public Enumerator GetEnumerator() => new(read, cut);

    public ref struct Enumerator(ReadOnlySpan<byte> read, bool cut)
    {
        private readonly ReadOnlySpan<byte> read = read;
        private readonly bool cut = cut;
        private int next = read.CommonPrefixLength("\uFEFF"u8);

        public Range Current { get; private set; }

        public bool MoveNext()
        {
            if (next > read.Length)
                return false;
            int length = read[next..].IndexOfAny((byte)'\n', (byte)'\r');
            if (length < 0 && cut)
                return false;
            int end = length < 0 ? read.Length : next + length;
            Current = next..end;
            // CRLF gives one empty line more, which says nothing.
            next = end + 1;
            return true;
        }
    }
}
