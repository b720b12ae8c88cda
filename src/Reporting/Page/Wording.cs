// Numbers and foreign text as they stand on the page.

using System.Globalization;
using System.Text;

namespace DataFreeKD.Reporting.Page;

/// <summary>Invariant numbers, and text that cannot break out of its place.</summary>
internal static class Wording
{
    private const int LongestText = 160;

    /// <summary><c>12,345</c>.</summary>
    public static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>12,345 images</c>, <c>1 image</c>.</summary>
    public static string Count(long count, string one, string? many = null) => $"{Number(count)} {(count == 1 ? one : many ?? one + "s")}";

    /// <summary>A share of a whole, as <c>22.7 %</c>; small ones keep a digit.</summary>
    public static string Percent(double part, double whole)
    {
        if (!(whole > 0))
            return "0 %";
        double percent = 100 * part / whole;
        string format =
            percent is 0 or >= 99.95 ? "0"
            : percent >= 0.1 ? "0.0"
            : "0.00";
        // Only what is all is called 100.
        if (part < whole && percent >= 99.95)
            (percent, format) = (Math.Min(percent, 99.99), "0.00");
        return percent.ToString(format, CultureInfo.InvariantCulture) + " %";
    }

    /// <summary>A score to four digits; a dash for none. Adding 0 turns −0 into 0.</summary>
    public static string Figure(double value) => double.IsFinite(value) ? (value + 0.0).ToString("G4", CultureInfo.InvariantCulture) : "–";

    /// <summary>
    /// Text from outside: control characters, marks that turn the direction of text and halves of characters become U+FFFD, line
    /// ends spaces; what is too long loses its middle. Escaping is the template's work.
    /// </summary>
    public static string Foreign(string text)
    {
        StringBuilder clean = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is '\n' or '\r' or '\t')
                clean.Append(' ');
            else if (
                Rune.GetUnicodeCategory(rune)
                    is UnicodeCategory.Control
                        or UnicodeCategory.Surrogate
                        or UnicodeCategory.PrivateUse
                        or UnicodeCategory.OtherNotAssigned
                || TurnsText(rune.Value)
            )
                clean.Append('\uFFFD');
            else
                clean.Append(rune.ToString());
        }
        return Shortened(clean.ToString());
    }

    /// <summary>The last part of a path or of an archive's member.</summary>
    public static string FileName(string path) => path[(path.LastIndexOfAny(['/', '\\', ':']) + 1)..];

    private static bool TurnsText(int rune) => rune is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static string Shortened(string text)
    {
        if (text.Length <= LongestText)
            return text;
        int head = LongestText / 3,
            tail = text.Length - (LongestText - head - 1);
        // Halves of a pair stay together, outside.
        if (char.IsHighSurrogate(text[head - 1]))
            head--;
        if (char.IsLowSurrogate(text[tail]))
            tail++;
        return text[..head] + "…" + text[tail..];
    }
}
