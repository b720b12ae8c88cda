// The srcset attribute: several addresses of one picture, of which the largest is wanted.

using System.Globalization;

namespace DataFreeKD.Crawler.Pages;

internal static class Srcset
{
    private const string White = " \t\n\r\f";

    /// <summary>The address with the largest width, else the largest density; the first of equals; null where there is none (HTML, "parse a
    /// srcset attribute").</summary>
    public static string? Largest(string text)
    {
        (string? Url, double Size) best = (null, double.NegativeInfinity);
        foreach ((string url, string descriptors) in Candidates(text))
        {
            double size = Size(descriptors);
            if (size > best.Size)
                best = (url, size);
        }
        return best.Url;
    }

    /// <summary>Addresses may hold commas, so a candidate ends at a comma only after white space, or where its address ends in
    /// one.</summary>
    private static IEnumerable<(string Url, string Descriptors)> Candidates(string text)
    {
        for (int at = 0; ;)
        {
            while (at < text.Length && (White.Contains(text[at]) || text[at] == ','))
                at++;
            if (at >= text.Length)
                yield break;
            int start = at;
            while (at < text.Length && !White.Contains(text[at]))
                at++;
            string url = text[start..at];
            if (url.EndsWith(','))
            {
                yield return (url.TrimEnd(','), "");
                continue;
            }
            start = at;
            // A comma within parentheses belongs to a descriptor of times to come.
            for (int depth = 0; at < text.Length && (text[at] != ',' || depth > 0); at++)
                depth += text[at] switch
                {
                    '(' => 1,
                    ')' when depth > 0 => -1,
                    _ => 0,
                };
            yield return (url, text[start..at]);
        }
    }

    /// <summary>A width in pixels outranks any density: lists with both are broken, and the widths say more.</summary>
    private static double Size(string descriptors)
    {
        double size = 1;
        foreach (string word in descriptors.Split(White.ToCharArray(), StringSplitOptions.RemoveEmptyEntries))
        {
            if (
                !double.TryParse(word[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                || !double.IsFinite(number)
            )
                continue;
            if (word[^1] == 'w')
                return number + 1e6;
            if (word[^1] == 'x')
                size = number;
        }
        return size;
    }
}
