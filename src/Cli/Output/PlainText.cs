// Untrusted names on a terminal: what would move its cursor, colour it or turn its text around is shown and not done.

using System.Globalization;
using System.Text;

namespace DataFreeKD.Cli.Output;

/// <summary>Makes text safe to print.</summary>
internal static class PlainText
{
    private const int LongestLine = 1000;

    /// <summary>The text with control characters and those that turn the direction of writing as <c>\u001b</c>; line feeds and tabs
    /// stay.</summary>
    public static string Escaped(string text)
    {
        if (!text.AsSpan().ContainsAny(Harmful))
            return text;
        StringBuilder safe = new(text.Length + 16);
        foreach (char c in text)
        {
            if (Harmful.Contains(c))
                safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                safe.Append(c);
        }
        return safe.ToString();
    }

    /// <summary>The text escaped, each of its lines without its middle where it is very long.</summary>
    public static string Shortened(string text)
    {
        string safe = Escaped(text);
        return safe.Length <= LongestLine ? safe : string.Join('\n', safe.Split('\n').Select(WithoutMiddle));
    }

    /// <summary>The text on one line, escaped, and without its middle where it is very long: the end says how to mend it.</summary>
    public static string OneLine(string text)
    {
        string line = Escaped(
            string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        );
        return WithoutMiddle(line);
    }

    private static string WithoutMiddle(string line) =>
        line.Length <= LongestLine ? line : $"{line[..(LongestLine * 2 / 3)]} … {line[^(LongestLine / 3)..]}";

    private static readonly System.Buffers.SearchValues<char> Harmful = System.Buffers.SearchValues.Create([
        .. Enumerable
            .Range(0, 0xa0)
            .Where(code => code is (< 0x20 and not '\t' and not '\n') or (>= 0x7f and <= 0x9f))
            .Select(code => (char)code),
        '\u061c',
        '\u200e',
        '\u200f',
        '\u2028',
        '\u2029',
        '\u202a',
        '\u202b',
        '\u202c',
        '\u202d',
        '\u202e',
        '\u2066',
        '\u2067',
        '\u2068',
        '\u2069',
        '\ufeff',
    ]);
}
