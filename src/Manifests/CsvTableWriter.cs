// CSV out: RFC 4180 with CRLF, UTF-8 without a byte order mark, quotes only where needed.

using CsvHelper;

namespace DataFreeKD.Manifests;

/// <summary>A CSV table being written.</summary>
internal sealed class CsvTableWriter : TableWriter
{
    private readonly AtomicFile file;
    private readonly CsvWriter csv;
    private readonly int columns;
    private bool closed;

    public CsvTableWriter(string path, IReadOnlyList<string> columns)
    {
        this.columns = columns.Count;
        file = new AtomicFile(path);
        csv = CsvWriter.Create(file.Stream, new CsvWriterOptions { BufferSize = 256 << 10 }, leaveOpen: true);
        Write(columns);
    }

    public override void Write(IReadOnlyList<string?> fields)
    {
        CheckCount(fields, columns);
        for (int at = 0; at < columns; at++)
            csv.WriteField(fields[at]);
        csv.EndRecord();
    }

    public override void Commit()
    {
        Close();
        file.Commit();
    }

    protected override void Dispose(bool disposing)
    {
        Close();
        file.Dispose();
    }

    private void Close()
    {
        if (closed)
            return;
        closed = true;
        csv.Dispose();
    }
}
