// CSV and TSV from strangers: a broken record is told, and does not take those after it along.

using System.Text;

namespace DataFreeKD.Crawler.Sources;

internal static class DelimitedList
{
    // A quote that is never closed must not swallow the list.
    private const int LongestRecord = 1 << 20;

    /// <summary>Streams the records: their fields, as many as the first record has, or null where the line is none. Empty lines are passed over.</summary>
    /// <param name="stream">UTF-8, or what its byte order mark says.</param>
    /// <param name="separator">A comma: RFC 4180. A tab: quotes are those of RFC 4180 where they make sense within the line, else plain characters.</param>
    /// <param name="cancel">Stops the stream.</param>
    public static IEnumerable<(IReadOnlyList<string>? Fields, string Line)> Records(Stream stream, char separator, CancellationToken cancel)
    {
        using IEnumerator<string> lines = ListLines.Read(stream, cancel).GetEnumerator();
        var again = new Queue<string>();
        int? count = null;
        while (Next() is { } line)
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            var record = new QuotedRecord(separator);
            var followers = new List<string>();
            int length = line.Length;
            bool whole = record.TryRead(line);
            while (separator != '\t' && whole && record.Open && length < LongestRecord && Next() is { } follower)
            {
                followers.Add(follower);
                length += follower.Length + 1;
                whole = record.TryRead(follower);
            }
            whole &= !record.Open;
            IReadOnlyList<string> fields = whole || separator != '\t' ? record.Fields : line.Split('\t');
            whole = (whole || separator == '\t') && fields.Count == (count ??= fields.Count);
            yield return (whole ? fields : null, line);
            // Only the first line is blamed; those that its quote ran over are looked at by themselves.
            if (!whole && followers.Count > 0) again = new Queue<string>(followers.Concat(again));
        }

        string? Next() => again.TryDequeue(out string? waiting) ? waiting : lines.MoveNext() ? lines.Current : null;
    }

    /// <summary>The fields of one record, read line by line while a quote is open.</summary>
    private sealed class QuotedRecord(char separator)
    {
        private readonly List<string> fields = [];
        private readonly StringBuilder quoted = new();

        public IReadOnlyList<string> Fields => fields;

        /// <summary>Whether a quoted field goes on in the next line.</summary>
        public bool Open { get; private set; }

        /// <summary>False where a quoted field is followed by something else than a separator.</summary>
        public bool TryRead(string line)
        {
            if (Open) quoted.Append('\n');
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
                    if (end < 0) return true;
                    at = end + 1;
                    continue;
                }
                int quote = line.IndexOf('"', at);
                quoted.Append(line.AsSpan(at, (quote < 0 ? line.Length : quote) - at));
                if (quote < 0) return true;
                at = quote + 1;
                if (at < line.Length && line[at] == '"')
                {
                    quoted.Append('"');
                    at++;
                    continue;
                }
                fields.Add(quoted.ToString());
                quoted.Clear();
                Open = false;
                if (at == line.Length) return true;
                if (line[at++] != separator) return false;
            }
        }
    }
}
