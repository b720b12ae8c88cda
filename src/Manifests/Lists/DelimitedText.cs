// CSV and its relatives of other tools: a broken record is told, and does not take those after it along.

using System.Text;

namespace DataFreeKD.Manifests.Lists;

internal static class DelimitedText
{
    private const char Tab = '\t';

    // A quote that is never closed must not swallow the list.
    private const int LongestRecord = 1 << 20;

    // Text that is looked at again after quotes that were never closed, of a whole list: beyond it a line is a record by itself, else a
    // list of quotes takes time by its square.
    private const long MostGivenBack = 16 << 20;

    // Of a line that holds nothing: what DOS ends a file with, and what a disk does that was switched off.
    private static readonly char[] Nothing = [' ', '\t', '\u001a', '\0'];

    private static readonly char[] Separators = [',', ';', Tab, '|'];

    /// <summary>The separator that a header line has: the one that gives a name that is looked for, else the most frequent.</summary>
    /// <param name="header">The first line.</param>
    /// <param name="tabs">Whether the file is named as one with tabs.</param>
    /// <param name="known">Tells names that are looked for.</param>
    public static char SeparatorOf(string header, bool tabs, Func<IReadOnlyList<string>, bool> known)
    {
        char best = tabs ? Tab : ',';
        int most = 1;
        foreach (char separator in tabs ? Separators.Reverse() : Separators)
        {
            QuotedRecord record = new(separator, escapes: false);
            IReadOnlyList<string> fields = record.TryRead(header) && !record.Open ? record.Fields : header.Split(separator);
            if (fields.Count < 2)
                continue;
            int worth = known(fields) ? int.MaxValue : fields.Count;
            if (worth > most || (worth == most && tabs))
                (best, most) = (separator, worth);
        }
        return best;
    }

    /// <summary>Streams the records: their fields, as many as the first record has, or null where the line is none. Empty lines are passed
    /// over.</summary>
    /// <param name="source">The lines.</param>
    /// <param name="separator">A tab: quotes are those of RFC 4180 where they make sense within the line, else plain characters. Any other:
    /// RFC 4180; where that does not hold, a backslash before a quote makes it part of the field.</param>
    public static IEnumerable<(IReadOnlyList<string>? Fields, string Line)> Records(IEnumerable<string> source, char separator)
    {
        using IEnumerator<string> lines = source.GetEnumerator();
        Stack<string> again = new();
        int? count = null;
        bool namesEndOpen = false;
        long givenBack = 0;
        while (Next() is { } line)
        {
            if (line.AsSpan().Trim(Nothing).IsEmpty)
                continue;
            IReadOnlyList<string>? fields = Read(line, escapes: false);
            if (fields is null && line.Contains("\\\"", StringComparison.Ordinal))
                fields = Read(line, escapes: true);
            if (fields is null && separator == Tab && line.Split(Tab) is var plain && (count is null || plain.Length == count))
                fields = plain;
            if (fields is not null && count is null)
                (count, namesEndOpen) = (fields.Count, fields.Count > 1 && fields[^1].Length == 0);
            yield return (fields, line);
        }

        // The record that begins with a line; where there is none, only that line is blamed: those that its quote ran over are looked at by
        // themselves.
        IReadOnlyList<string>? Read(string line, bool escapes)
        {
            QuotedRecord record = new(separator, escapes);
            List<string> followers = new();
            int length = line.Length;
            bool whole = record.TryRead(line);
            while (
                separator != Tab && whole && record.Open && length < LongestRecord && givenBack < MostGivenBack && Next() is { } follower
            )
            {
                followers.Add(follower);
                length += follower.Length + 1;
                whole = record.TryRead(follower);
            }
            if (whole && !record.Open && Fitted(record.Fields) is { } fields)
                return fields;
            givenBack += length - line.Length;
            for (int at = followers.Count - 1; at >= 0; at--)
                again.Push(followers[at]);
            return null;
        }

        // A separator at the end of a line, in the rows or in the line of names alone, makes a field that is none.
        IReadOnlyList<string>? Fitted(IReadOnlyList<string> fields)
        {
            if (count is not { } most || fields.Count == most)
                return fields;
            if (fields.Count > most)
                return fields.Skip(most).All(field => field.Length == 0) ? [.. fields.Take(most)] : null;
            return namesEndOpen && fields.Count == most - 1 ? [.. fields, ""] : null;
        }

        string? Next() =>
            again.TryPop(out string? waiting) ? waiting
            : lines.MoveNext() ? lines.Current
            : null;
    }

    /// <summary>The fields of one record, read line by line while a quote is open.</summary>
    private sealed class QuotedRecord(char separator, bool escapes)
    {
        private readonly List<string> fields = [];
        private readonly StringBuilder quoted = new();

        public IReadOnlyList<string> Fields => fields;

        /// <summary>Whether a quoted field goes on in the next line.</summary>
        public bool Open { get; private set; }

        /// <summary>False where a quoted field is followed by something else than a separator.</summary>
        public bool TryRead(string line)
        {
            if (Open)
                quoted.Append('\n');
            for (int at = 0; ;)
            {
                if (!Open && at < line.Length && line[at] == '"')
                {
                    Open = true;
                    at++;
                }
                if (!Open)
                {
                    int end = line.IndexOf(separator, at);
                    fields.Add(end < 0 ? line[at..] : line[at..end]);
                    if (end < 0)
                        return true;
                    at = end + 1;
                    continue;
                }
                int quote = escapes
                    ? line.AsSpan(at).IndexOfAny('"', '\\') is >= 0 and var found
                        ? at + found
                        : -1
                    : line.IndexOf('"', at);
                quoted.Append(line.AsSpan(at, (quote < 0 ? line.Length : quote) - at));
                if (quote < 0)
                    return true;
                at = quote + 1;
                if (line[quote] == '\\')
                {
                    // Only a quote, or a backslash, is escaped; any other backslash stands for itself.
                    bool escaped = at < line.Length && line[at] is '"' or '\\';
                    quoted.Append(escaped ? line[at] : '\\');
                    if (escaped)
                        at++;
                    continue;
                }
                if (at < line.Length && line[at] == '"')
                {
                    quoted.Append('"');
                    at++;
                    continue;
                }
                fields.Add(quoted.ToString());
                quoted.Clear();
                Open = false;
                if (at == line.Length)
                    return true;
                if (line[at++] != separator)
                    return false;
            }
        }
    }
}
