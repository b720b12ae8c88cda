// Reads a journal: which targets are done, and their rows in the order of the targets.

using System.Text.Json;

namespace DataFreeKD.Crawler.Journal;

/// <summary>A finished or interrupted journal. The file stays on disk; eight bytes a target say where each row is.</summary>
internal sealed class JournalReader : IDisposable
{
    private readonly FileStream? file;
    private readonly long[] offsets = [];

    /// <summary>Opens a journal; one that is not there is empty. A last line that was cut short does not count.</summary>
    /// <exception cref="CrawlException">A line before the last is no row.</exception>
    public JournalReader(string path)
    {
        if (!File.Exists(path))
            return;
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        long end = WholeLines(file);
        file.Seek(0, SeekOrigin.Begin);
        foreach ((long offset, ReadOnlyMemory<byte> line) in Lines(end))
        {
            long ordinal = OrdinalOf(line.Span)
                ?? throw new CrawlException(
                    $"{path} is damaged at byte {offset}; delete the folder {Path.GetDirectoryName(path)} to crawl from the start"
                );
            if (ordinal >= offsets.LongLength)
            {
                int length = offsets.Length;
                Array.Resize(ref offsets, (int)Math.Max(1024, Math.Max(ordinal + 1, length * 3L / 2)));
                offsets.AsSpan(length).Fill(-1);
            }
            if (offsets[ordinal] < 0)
                Count++;
            offsets[ordinal] = offset;
        }
    }

    /// <summary>Targets that have a row.</summary>
    public long Count { get; private set; }

    public bool Has(long ordinal) => ordinal < offsets.LongLength && offsets[ordinal] >= 0;

    /// <summary>The rows in the order of their targets.</summary>
    /// <param name="from">The first target.</param>
    public IEnumerable<JournalRow> Rows(long from = 0)
    {
        for (long ordinal = from; ordinal < offsets.LongLength; ordinal++)
        {
            if (offsets[ordinal] >= 0)
                yield return Read(ordinal);
        }
    }

    /// <summary>The row of a target that has one.</summary>
    public JournalRow Read(long ordinal)
    {
        file!.Seek(offsets[ordinal], SeekOrigin.Begin);
        byte[] line = new byte[512];
        int length = 0;
        while (true)
        {
            int read = file.Read(line, length, line.Length - length);
            int end = line.AsSpan(length, read).IndexOf((byte)'\n');
            if (end >= 0)
                return JsonSerializer.Deserialize(line.AsSpan(0, length + end), JournalJson.Default.JournalRow)!;
            if (read == 0)
                throw new IOException("the journal changed while it was read");
            length += read;
            if (length == line.Length)
                Array.Resize(ref line, line.Length * 2);
        }
    }

    public void Dispose() => file?.Dispose();

    /// <summary>The length of the file up to its last line break.</summary>
    public static long WholeLines(FileStream file)
    {
        byte[] block = new byte[64 << 10];
        for (long end = file.Length; end > 0;)
        {
            int length = (int)Math.Min(block.Length, end);
            file.Seek(end - length, SeekOrigin.Begin);
            file.ReadExactly(block, 0, length);
            int at = block.AsSpan(0, length).LastIndexOf((byte)'\n');
            if (at >= 0)
                return end - length + at + 1;
            end -= length;
        }
        return 0;
    }

    // Every row starts with its ordinal, so most of a line need not be parsed to index it.
    private static long? OrdinalOf(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> start = "{\"ordinal\":"u8;
        return
            line.StartsWith(start)
            && System.Buffers.Text.Utf8Parser.TryParse(line[start.Length..], out long ordinal, out _)
            && ordinal >= 0
            && line.EndsWith("}"u8)
            ? ordinal
            : null;
    }

    private IEnumerable<(long Offset, ReadOnlyMemory<byte> Line)> Lines(long end)
    {
        byte[] block = new byte[1 << 16];
        long offset = 0;
        int held = 0;
        while (offset < end)
        {
            int read = file!.Read(block, held, (int)Math.Min(block.Length - held, end - offset - held));
            held += read;
            int from = 0;
            for (int at; (at = block.AsSpan(from, held - from).IndexOf((byte)'\n')) >= 0; from += at + 1)
                yield return (offset + from, block.AsMemory(from, at));
            block.AsSpan(from, held - from).CopyTo(block);
            offset += from;
            held -= from;
            if (held == block.Length)
                Array.Resize(ref block, block.Length * 2);
        }
    }
}
