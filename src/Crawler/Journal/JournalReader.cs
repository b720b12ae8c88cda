// Reads a journal: which targets are done, and their rows in the order of the targets.

using System.Text.Json;

namespace DataFreeKD.Crawler.Journal;

/// <summary>Which rows of a journal are wanted.</summary>
internal enum JournalRows
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>Those of targets that came to their end.</summary>
    Final,

    /// <summary>Those of targets that go on in another partition.</summary>
    Moved,
}

/// <summary>A finished or interrupted journal, of one file or of several, of which the first row of a target counts. The files stay on
/// disk; eight bytes a target say where each row is.</summary>
internal sealed class JournalReader : IDisposable
{
    // Of a place: which file, and where in it.
    private const int OffsetBits = 42;

    /// <summary>Files open at a time.</summary>
    private const int MostOpen = 256;

    private readonly IReadOnlyList<string> paths;
    private readonly Dictionary<int, FileStream> open = [];

    // By ordinal: of a whole level nearly all are there, of a partition few.
    private readonly Dictionary<long, long>? sparse;
    private long[] places = [];

    /// <summary>Opens a journal; one that is not there is empty. A last line that was cut short does not count.</summary>
    /// <exception cref="CrawlException">A line before the last is no row.</exception>
    public JournalReader(string path)
        : this([path], JournalRows.All, sparse: false) { }

    /// <summary>Opens a journal of several files.</summary>
    /// <param name="paths">The files; the first row of a target counts.</param>
    /// <param name="wanted">The rows that are read.</param>
    /// <param name="sparse">Whether the targets are few of many.</param>
    /// <exception cref="CrawlException">A line before the last is no row.</exception>
    public JournalReader(IReadOnlyList<string> paths, JournalRows wanted, bool sparse)
    {
        this.paths = paths;
        this.sparse = sparse ? [] : null;
        for (int file = 0; file < paths.Count; file++)
            Index(file, wanted);
    }

    /// <summary>Targets that have a row.</summary>
    public long Count { get; private set; }

    public bool Has(long ordinal) => PlaceOf(ordinal) >= 0;

    /// <summary>The rows in the order of their targets.</summary>
    /// <param name="from">The first target.</param>
    public IEnumerable<JournalRow> Rows(long from = 0)
    {
        if (sparse is not null)
        {
            foreach (long ordinal in sparse.Keys.Where(ordinal => ordinal >= from).Order())
                yield return Read(ordinal);
            yield break;
        }
        for (long ordinal = from; ordinal < places.LongLength; ordinal++)
        {
            if (places[ordinal] >= 0)
                yield return Read(ordinal);
        }
    }

    /// <summary>The row of a target that has one.</summary>
    public JournalRow Read(long ordinal)
    {
        long place = PlaceOf(ordinal);
        FileStream file = Open((int)(place >> OffsetBits));
        file.Seek(place & ((1L << OffsetBits) - 1), SeekOrigin.Begin);
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

    public void Dispose()
    {
        foreach (FileStream file in open.Values)
            file.Dispose();
        open.Clear();
    }

    private long PlaceOf(long ordinal) =>
        sparse is not null ? sparse.GetValueOrDefault(ordinal, -1)
        : ordinal < places.LongLength ? places[ordinal]
        : -1;

    private FileStream Open(int number)
    {
        if (open.TryGetValue(number, out FileStream? file))
            return file;
        if (open.Count >= MostOpen)
            Dispose();
        return open[number] = new FileStream(paths[number], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096);
    }

    private void Index(int number, JournalRows wanted)
    {
        if (!File.Exists(paths[number]))
            return;
        FileStream file = Open(number);
        long end = WholeLines(file);
        file.Seek(0, SeekOrigin.Begin);
        foreach ((long offset, ReadOnlyMemory<byte> line) in Lines(file, end))
        {
            long ordinal = OrdinalOf(line.Span)
                ?? throw new CrawlException(
                    $"{paths[number]} is damaged at byte {offset}; delete the folder {Path.GetDirectoryName(paths[number])} to crawl from the start"
                );
            // Quotes within a text are escaped, so that this is the row's own.
            if (wanted != JournalRows.All && line.Span.IndexOf("\"status\":\"moved\""u8) >= 0 != (wanted == JournalRows.Moved))
                continue;
            Add(ordinal, ((long)number << OffsetBits) | offset);
        }
    }

    private void Add(long ordinal, long place)
    {
        if (sparse is not null)
        {
            if (sparse.TryAdd(ordinal, place))
                Count++;
            return;
        }
        if (ordinal >= places.LongLength)
        {
            int length = places.Length;
            Array.Resize(ref places, (int)Math.Max(1024, Math.Max(ordinal + 1, length * 3L / 2)));
            places.AsSpan(length).Fill(-1);
        }
        if (places[ordinal] >= 0)
            return;
        places[ordinal] = place;
        Count++;
    }

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

    private static IEnumerable<(long Offset, ReadOnlyMemory<byte> Line)> Lines(FileStream file, long end)
    {
        byte[] block = new byte[1 << 16];
        long offset = 0;
        int held = 0;
        while (offset < end)
        {
            int read = file.Read(block, held, (int)Math.Min(block.Length - held, end - offset - held));
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
