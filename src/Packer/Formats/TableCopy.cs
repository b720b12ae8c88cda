// The table itself, elsewhere or in the other format.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Formats;

/// <summary>All columns of the rows of status <c>ok</c>; paths lead to the same images from where the table is written.</summary>
internal static class TableCopy
{
    public static void Write(PackJob job)
    {
        IReadOnlyList<string> columns = job.Source.Header.Columns;
        using TableWriter table = Table.Create(job.Options.Output, columns);
        foreach (PackRow row in job.Rows())
        {
            IEnumerable<string?> cells = columns.Select(column =>
                column == "path" ? ManifestPath.ToTable(row.Path, job.Options.Output) : row.Row[column]
            );
            table.Write([.. job.Options.CsvSafe ? cells.Select(Text) : cells]);
            job.Add(row, image: false);
        }
        job.RefuseAppeared();
        table.Commit();
    }

    // As OWASP has it for "CSV injection"; a negative number is none.
    private static string? Text(string? cell) =>
        cell is ['=' or '+' or '-' or '@' or '\t' or '\r', ..]
        && !double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? $"'{cell}"
            : cell;
}
