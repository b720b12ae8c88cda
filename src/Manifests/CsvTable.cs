// Tables as CSV: RFC 4180, UTF-8, a header row, streamed by CsvHelper.

using CsvHelper;

namespace DataFreeKD.Manifests;

internal sealed class CsvTableReader : TableReader
{
    private readonly string path;
    private readonly CsvReader csv;

    public CsvTableReader(string path)
    {
        this.path = path;
        var options = new CsvReaderOptions { HasHeader = false, MalformedData = CsvMalformedDataHandling.Throw, TrackLineNumbers = true };
        csv = CsvReader.Create(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 17, FileOptions.SequentialScan), options, leaveOpen: false);
        try
        {
            if (!Next()) throw new TableException($"{path}: the table is empty; a header row with column names is needed");
            Header = new TableHeader(Fields());
        }
        catch
        {
            csv.Dispose();
            throw;
        }
    }

    public override TableHeader Header { get; }

    public override IEnumerable<TableRow> Rows(CancellationToken cancel = default)
    {
        for (long number = 1; Next(); number++)
        {
            cancel.ThrowIfCancellationRequested();
            if (csv.FieldCount != Header.Columns.Count)
            {
                throw new TableException($"{path}, line {csv.LineNumber}: {csv.FieldCount} fields where the header has {Header.Columns.Count}; is a comma unquoted or the file cut off?");
            }
            yield return new TableRow(Header, Fields(), number);
        }
    }

    public override void Dispose() => csv.Dispose();

    private bool Next()
    {
        try
        {
            return csv.Read();
        }
        catch (CsvFormatException error)
        {
            throw new TableException($"{path}, line {error.LineNumber}: not CSV as RFC 4180 has it ({error.Message}); quote fields that hold commas, quotes or line breaks", error);
        }
    }

    private string[] Fields()
    {
        string[] fields = new string[csv.FieldCount];
        for (int i = 0; i < fields.Length; i++) fields[i] = csv.GetString(i);
        return fields;
    }
}

internal sealed class CsvTableWriter : TableWriter
{
    private readonly AtomicFile file;
    private readonly CsvWriter csv;
    private readonly int columns;
    private bool closed;

    public CsvTableWriter(string path, IReadOnlyList<string> columns)
    {
        file = new AtomicFile(path);
        csv = CsvWriter.Create(file.Stream, new CsvWriterOptions { HasHeader = false, NewLine = "\n" }, leaveOpen: true);
        this.columns = columns.Count;
        Write(columns);
    }

    public override void Write(IReadOnlyList<string?> fields)
    {
        if (fields.Count != columns) throw new ArgumentException($"{fields.Count} fields for {columns} columns", nameof(fields));
        foreach (string? field in fields) csv.WriteField(field ?? "");
        csv.EndRecord();
    }

    public override void Commit()
    {
        Close();
        file.Commit();
    }

    public override void Dispose()
    {
        Close();
        file.Dispose();
    }

    private void Close()
    {
        if (closed) return;
        closed = true;
        csv.Dispose();
    }
}
