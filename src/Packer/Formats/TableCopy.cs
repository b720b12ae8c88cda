// The table itself, elsewhere or in the other format.

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
            table.Write([.. columns.Select(column => column == "path" ? ManifestPath.ToTable(row.Path, job.Options.Output) : row.Row[column])]);
            job.Add(row, image: false);
        }
        job.RefuseAppeared();
        table.Commit();
    }
}
