// Paths of robots.txt rules: one spelling for each path, and matching with * and $.

using System.Text;

namespace DataFreeKD.Crawler.Politeness;

/// <summary>The path of a rule; <c>*</c> stands for any octets, a final <c>$</c> for the path's end (RFC 9309 section 2.2.3).</summary>
internal sealed class RobotsPattern
{
    private readonly string[] pieces;
    private readonly bool anchored;

    private RobotsPattern(string[] pieces, bool anchored, int length) => (this.pieces, this.anchored, Length) = (pieces, anchored, length);

    /// <summary>Octets of the pattern in canonical spelling: the longer is the more specific.</summary>
    public int Length { get; }

    public static RobotsPattern Parse(ReadOnlySpan<byte> value)
    {
        bool anchored = value[^1] == '$';
        string text = Canonical(anchored ? value[..^1] : value, keepStars: true);
        return new RobotsPattern(text.Split('*'), anchored, text.Length + (anchored ? 1 : 0));
    }

    /// <summary>A URL's path and query in the spelling that patterns are compared in.</summary>
    public static string CanonicalPath(string pathAndQuery) =>
        Canonical(Encoding.UTF8.GetBytes(pathAndQuery.Length == 0 ? "/" : pathAndQuery), keepStars: false);

    /// <param name="path">From <see cref="CanonicalPath"/>.</param>
    public bool Matches(string path)
    {
        if (!path.StartsWith(pieces[0], StringComparison.Ordinal))
            return false;
        // The leftmost place for each piece leaves the most room for those after it, so no place need be tried twice.
        int at = pieces[0].Length;
        for (int piece = 1; piece < pieces.Length; piece++)
        {
            if (anchored && piece == pieces.Length - 1)
                return path.Length - at >= pieces[piece].Length && path.EndsWith(pieces[piece], StringComparison.Ordinal);
            int found = path.AsSpan(at).IndexOf(pieces[piece]);
            if (found < 0)
                return false;
            at += found + pieces[piece].Length;
        }
        return !anchored || at == path.Length;
    }

    /// <summary>
    /// RFC 9309 section 2.2.2: octets that a URI cannot hold as they are become %XX, encoded unreserved ones are decoded, reserved ones
    /// stay as
    /// written. The two that are special in patterns are encoded where they are plain octets, so that <c>%2A</c> and <c>%24</c> match them.
    /// </summary>
    private static string Canonical(ReadOnlySpan<byte> text, bool keepStars)
    {
        StringBuilder canonical = new(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            byte octet = text[at];
            if (
                octet == '%'
                && at + 2 < text.Length
                && char.IsAsciiHexDigit((char)text[at + 1])
                && char.IsAsciiHexDigit((char)text[at + 2])
            )
            {
                byte encoded = Convert.FromHexString([(char)text[at + 1], (char)text[at + 2]])[0];
                at += 2;
                if (IsUnreserved(encoded))
                    canonical.Append((char)encoded);
                else
                    Encode(canonical, encoded);
            }
            else if (IsUnreserved(octet) || IsPlainReserved(octet) || (octet == '*' && keepStars))
            {
                canonical.Append((char)octet);
            }
            else
            {
                Encode(canonical, octet);
            }
        }
        return canonical.ToString();
    }

    private static void Encode(StringBuilder canonical, byte octet) =>
        canonical.Append('%').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));

    private static bool IsUnreserved(byte octet) =>
        char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';

    // RFC 3986 section 2.2, without * and $.
    private static bool IsPlainReserved(byte octet) => ":/?#[]@!&'()+,;="u8.Contains(octet);
}
