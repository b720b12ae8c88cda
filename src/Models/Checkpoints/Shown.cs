// Names out of files, made safe to print.

using System.Globalization;
using System.Text;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Escapes what would move a terminal's cursor and shortens what is long.</summary>
internal static class Shown
{
    private const int Most = 120;

    /// <summary>The text with control characters, separators of lines and lone surrogates as \uXXXX, 120 characters at most.</summary>
    public static string Of(string text)
    {
        StringBuilder shown = new();
        for (int i = 0; i < text.Length && shown.Length < Most; i++)
        {
            bool pair = char.IsSurrogatePair(text, i);
            if (pair)
                shown.Append(text, i++, 2);
            else if (
                char.GetUnicodeCategory(text[i])
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.Surrogate
            )
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else
                shown.Append(text[i]);
        }
        return shown.Length < Most ? shown.ToString() : shown.ToString(0, Most) + "…";
    }

    /// <summary>The first of some names in quotes, and how many more there are.</summary>
    public static string List(IEnumerable<string> names, int most = 4)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(most).Select(name => $"'{Of(name)}'"))
            + (all.Length > most ? $" and {all.Length - most} more" : "");
    }
}
