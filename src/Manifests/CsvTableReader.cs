// CSV in: RFC 4180, UTF-8, a header line; rows as they stream by. A row that is otherwise hands the rest of the file to the patient reader
// of lists.

using System.Text;
using CsvHelper;
using DataFreeKD.Manifests.Lists;

namespace DataFreeKD.Manifests;

/// <summary>A CSV table being read.</summary>
internal sealed class CsvTableReader : TableReader
{
    // A caption may be long; a quote that is never closed must not swallow gigabytes before it is reported.
    private const int LargestRecord = 16 << 20;

    private static CsvReaderOptions Rfc4180(char separator) =>
        new()
        {
            Separator = separator,
            MalformedData = CsvMalformedDataHandling.Throw,
            FieldCountMismatch = CsvFieldCountHandling.Throw,
            MaxRecordSize = LargestRecord,
            TrackLineNumbers = true,
            BufferSize = 256 << 10,
        };

    private readonly string path;
    private readonly string? pathColumn;
    private readonly CsvReader csv;
    private ListTableReader? patient;
    private long rows;

    public CsvTableReader(string path, char separator, string? pathColumn)
    {
        (this.path, this.pathColumn) = (path, pathColumn);
        csv = CsvReader.FromFile(path, Rfc4180(separator));
        try
        {
            string[] columns = ListReader.Named([.. Guard(() => csv.Headers)]);
            TableHeader.Check(columns, path);
            Header = new TableHeader(columns, path, pathColumn);
        }
        catch
        {
            csv.Dispose();
            throw;
        }
    }

    public override TableHeader Header { get; }

    public override long Line => patient?.Line ?? csv.LineNumber;

    public override bool Read()
    {
        if (patient is not null)
            return patient.Read();
        try
        {
            if (!csv.Read())
                return false;
        }
        catch (CsvFormatException problem)
        {
            return ReadPatiently(Broken(problem));
        }
        if (!System.Text.Unicode.Utf8.IsValid(csv.RawRecord))
            return ReadPatiently(null);
        rows++;
        return true;
    }

    public override string Text(int column) => patient?.Text(column) ?? csv.GetString(column);

    public override ReadOnlySpan<byte> Utf8(int column) => patient is null ? csv.GetSpan(column) : patient.Utf8(column);

    public override bool Is(int column, string text)
    {
        if (patient is not null)
            return patient.Is(column, text);
        ReadOnlySpan<byte> field = csv.GetSpan(column);
        return Ascii.IsValid(text) ? Ascii.Equals(field, text) : Encoding.UTF8.GetString(field) == text;
    }

    public override double Number(int column)
    {
        if (patient is not null)
            return patient.Number(column);
        ReadOnlySpan<byte> field = csv.GetSpan(column);
        if (field.IsEmpty)
            return double.NaN;
        return Numbers.TryParse(field, out double value) ? value : throw NotANumber(csv.GetString(column), column);
    }

    protected override void Dispose(bool disposing)
    {
        patient?.Dispose();
        csv.Dispose();
    }

    // What the rows so far were read by, they are counted by again: both readers agree on rows that keep to the rules.
    private bool ReadPatiently(TableException? otherwise)
    {
        try
        {
            patient = new ListTableReader(path, pathColumn);
            if (patient.Header.Columns.SequenceEqual(Header.Columns))
            {
                long row = 0;
                while (row < rows && patient.Read())
                    row++;
                // Where nothing is left, what broke the rules was no row.
                if (row == rows)
                    return patient.Read();
            }
        }
        catch (TableException) when (otherwise is not null)
        {
            // Not read that way either: the first complaint says why.
        }
        throw otherwise ?? new TableException($"{path}: line {csv.LineNumber} is not UTF-8 text; save the table as UTF-8");
    }

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

    private TableException Broken(CsvFormatException problem) =>
        new(
            $"{path}: line {Math.Max(1, problem.LineNumber)} is not a row of this table: {problem.Message.TrimEnd('.')}; "
                + "every row needs as many fields as the header, and a field with a comma, a quote or a line break stands in double quotes with its own quotes doubled",
            problem
        );
}
