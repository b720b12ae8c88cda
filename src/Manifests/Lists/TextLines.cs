// Lines of an untrusted text, however long the text or a line of it: UTF-8, what a byte order mark says, or Latin-1.

using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace DataFreeKD.Manifests.Lists;

internal static class TextLines
{
    // No entry is this long; the rest of such a line is passed over.
    private const int LongestLine = 1 << 20;

    // What Windows calls Latin-1: the same letters, and quotes and dashes where Latin-1 has control characters.
    private static readonly Encoding Latin1 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    private static readonly Encoding BigEndianUtf32 = new UTF32Encoding(bigEndian: true, byteOrderMark: false);

    /// <summary>Streams the lines; they end at LF, CRLF or CR. A line that is not UTF-8 is read as Latin-1, which <paramref name="source"/>
    /// is told for.</summary>
    public static IEnumerable<string> Read(Stream stream, string source, CancellationToken cancel)
    {
        byte[] block = new byte[32 << 10];
        int length = stream.ReadAtLeast(block, 4, throwOnEndOfStream: false);
        int start = 0;
        if (block.AsSpan(0, length).StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            start = 3;
        else if (Marked(block.AsSpan(0, length)) is var (encoding, mark))
        {
            // As UTF-8 from here on: the mark is behind, the rest follows a copy of what was read, since the block is written over.
            byte[] begun = block[mark..length];
            stream = Encoding.CreateTranscodingStream(new PrefixedStream(begun, stream), encoding, Encoding.UTF8);
            length = stream.Read(block);
        }
        ArrayBufferWriter<byte> line = new();
        bool afterReturn = false;
        for (; length > 0; length = stream.Read(block), start = 0)
        {
            cancel.ThrowIfCancellationRequested();
            if (afterReturn && start < length && block[start] == '\n')
                start++;
            afterReturn = false;
            for (int end; (end = block.AsSpan(start, length - start).IndexOfAny((byte)'\n', (byte)'\r')) >= 0;)
            {
                Append(block.AsSpan(start, end));
                yield return Text(line.WrittenSpan, source);
                line.ResetWrittenCount();
                start += end + 1;
                if (block[start - 1] != '\r')
                    continue;
                if (start == length)
                    afterReturn = true;
                else if (block[start] == '\n')
                    start++;
            }
            Append(block.AsSpan(start, length - start));
        }
        if (line.WrittenCount > 0)
            yield return Text(line.WrittenSpan, source);

        void Append(ReadOnlySpan<byte> part) => line.Write(part[..Math.Min(part.Length, LongestLine - line.WrittenCount)]);
    }

    private static string Text(ReadOnlySpan<byte> line, string source)
    {
        if (Utf8.IsValid(line))
            return Encoding.UTF8.GetString(line);
        // A line that was cut may end within a letter.
        if (line.Length == LongestLine)
            return Encoding.UTF8.GetString(line);
        TableNotes.Tell(
            $"{source} is not UTF-8 throughout: its other lines are read as Latin-1 (Windows-1252); save it as UTF-8 where that is wrong"
        );
        return Latin1.GetString(line);
    }

    /// <summary>The stream as UTF-8 without a byte order mark, whichever Unicode it is in; what is none stays as it is.</summary>
    public static Stream AsUtf8(Stream stream)
    {
        byte[] start = new byte[4];
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (start.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            return new PrefixedStream(start.AsMemory(3), stream);
        return Marked(start) is var (encoding, mark)
            ? Encoding.CreateTranscodingStream(new PrefixedStream(start.AsMemory(mark), stream), encoding, Encoding.UTF8)
            : new PrefixedStream(start, stream);
    }

    private static (Encoding Encoding, int Mark)? Marked(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe, 0, 0]))
            return (Encoding.UTF32, 4);
        if (start.StartsWith((ReadOnlySpan<byte>)[0, 0, 0xfe, 0xff]))
            return (BigEndianUtf32, 4);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]))
            return (Encoding.Unicode, 2);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
            return (Encoding.BigEndianUnicode, 2);
        // Without a mark: every second byte of plain letters is 0.
        return start.Length < 4 ? null
            : start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0 ? (Encoding.Unicode, 0)
            : start[0] != 0 && start[1] == 0 && start[2] == 0 && start[3] == 0 ? (Encoding.UTF32, 0)
            : start[0] == 0 && start[1] == 0 && start[2] == 0 && start[3] != 0 ? (BigEndianUtf32, 0)
            : start[0] == 0 && start[1] != 0 && start[2] == 0 && start[3] != 0 ? (Encoding.BigEndianUnicode, 0)
            : null;
    }
}
