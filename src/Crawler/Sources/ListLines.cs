// Lines of a text in UTF-8 (or what its byte order mark says), however long the text or a line of it.

using System.Text;

namespace DataFreeKD.Crawler.Sources;

internal static class ListLines
{
    // No entry is this long; the rest of such a line is passed over.
    private const int LongestLine = 1 << 20;

    /// <summary>Streams the lines; they end at LF, CRLF or CR.</summary>
    public static IEnumerable<string> Read(Stream stream, CancellationToken cancel)
    {
        using StreamReader reader = new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        char[] block = new char[16 << 10];
        var line = new StringBuilder();
        bool afterReturn = false;
        for (int length; (length = reader.Read(block)) > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            int start = 0;
            if (afterReturn && block[0] == '\n') start = 1;
            for (int end; (end = block.AsSpan(start, length - start).IndexOfAny('\n', '\r')) >= 0;)
            {
                Append(block.AsSpan(start, end));
                yield return line.ToString();
                line.Clear();
                start += end + 1;
                if (block[start - 1] == '\r' && start < length && block[start] == '\n') start++;
            }
            Append(block.AsSpan(start, length - start));
            afterReturn = block[length - 1] == '\r';
        }
        if (line.Length > 0) yield return line.ToString();

        void Append(ReadOnlySpan<char> part) => line.Append(part[..Math.Min(part.Length, LongestLine - line.Length)]);
    }
}
