// CSV in: RFC 4180, comma, UTF-8, a header line; rows as they stream by.

using System.Text;
using CsvHelper;

namespace DataFreeKD.Manifests;

/// <summary>A CSV table being read.</summary>
internal sealed class CsvTableReader : TableReader
{
    // A caption may be long; a quote that is never closed must not swallow gigabytes before it is reported.
    private const int LargestRecord = 16 << 20;

    private static readonly CsvReaderOptions Rfc4180 = new()
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        MaxRecordSize = LargestRecord,
        TrackLineNumbers = true,
        BufferSize = 256 << 10,
    };

    private readonly string path;
    private readonly CsvReader csv;

    public CsvTableReader(string path)
    {
        this.path = path;
        csv = CsvReader.FromFile(path, Rfc4180);
        try
        {
            string[] columns = [.. Guard(() => csv.Headers)];
            if (columns.Any(column => column.Contains('\uFFFD', StringComparison.Ordinal))) throw NotUtf8(1);
            TableHeader.Check(columns, path);
            Header = new TableHeader(columns, path);
        }
        catch
        {
            csv.Dispose();
            throw;
        }
    }

    public override TableHeader Header { get; }

    public override long Line => csv.LineNumber;

    public override bool Read()
    {
        try
        {
            if (!csv.Read()) return false;
        }
        catch (CsvFormatException problem)
        {
            throw Broken(problem);
        }
        return System.Text.Unicode.Utf8.IsValid(csv.RawRecord) ? true : throw NotUtf8(csv.LineNumber);
    }

    public override string Text(int column) => csv.GetString(column);

    public override ReadOnlySpan<byte> Utf8(int column) => csv.GetSpan(column);

    public override bool Is(int column, string text)
    {
        ReadOnlySpan<byte> field = csv.GetSpan(column);
        return Ascii.IsValid(text) ? Ascii.Equals(field, text) : Encoding.UTF8.GetString(field) == text;
    }

    public override double Number(int column)
    {
        ReadOnlySpan<byte> field = csv.GetSpan(column);
        if (field.IsEmpty) return double.NaN;
        return Numbers.TryParse(field, out double value) ? value : throw NotANumber(csv.GetString(column), column);
    }

    protected override void Dispose(bool disposing) => csv.Dispose();

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CsvFormatException problem)
        {
            throw Broken(problem);
        }
    }

    private TableException NotUtf8(long line) => new($"{path}: line {line} is not UTF-8 text; save the table as UTF-8");

    private TableException Broken(CsvFormatException problem) => new($"{path}: line {Math.Max(1, problem.LineNumber)} is not a row of this table: {problem.Message.TrimEnd('.')}; "
        + "every row needs as many fields as the header, and a field with a comma, a quote or a line break stands in double quotes with its own quotes doubled", problem);
}
