// Plain text tables for stdout: they stay readable in a pipe and in a log. Own code, as Spectre.Console fits its tables to a terminal's
// width, where it wraps cells, and would need a border class of our own for the one rule.

namespace DataFreeKD.Cli.Output;

/// <summary>Aligns columns by their widest cell; the first column to the left, the others to the right.</summary>
internal static class TextTable
{
    /// <summary>The table with a rule under its header.</summary>
    public static string Format(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> lines = [header, .. rows];
        int[] widths = [.. header.Select((_, column) => lines.Max(line => line[column].Length))];
        IEnumerable<string> text = lines.Select(line =>
            string.Join("  ", line.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])))
                .TrimEnd()
        );
        return string.Join('\n', text.Take(1).Append(new string('-', widths.Sum() + (2 * (widths.Length - 1)))).Concat(text.Skip(1)));
    }
}
