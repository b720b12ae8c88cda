// Counts by status and reason, as one line.

using System.Globalization;

namespace DataFreeKD.Cli.Output;

/// <summary>Text of status counts.</summary>
internal static class StatusText
{
    /// <summary><c>ok 980, failed/decode_error 20</c>: the most frequent first.</summary>
    public static string Line(IReadOnlyDictionary<string, long> counts) =>
        string.Join(
            ", ",
            counts
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:N0}"))
        );
}
