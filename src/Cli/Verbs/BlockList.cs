// Lists of block indices on the command line.

using System.Globalization;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Parses <c>3,7</c>.</summary>
internal static class BlockList
{
    /// <summary>The indices; none for null.</summary>
    /// <exception cref="UsageException">Not a list of whole numbers.</exception>
    public static IReadOnlyList<int> Parse(string? text) =>
        [
            .. (text ?? "")
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(entry =>
                    int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int block)
                        ? block
                        : throw new UsageException($"--blocks {text}: expected block numbers from 0, separated by commas, e.g. 3,7")
                ),
        ];
}
