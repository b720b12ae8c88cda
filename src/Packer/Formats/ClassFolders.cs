// A folder a class, of links to the images where they are, or of copies.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Formats;

/// <summary>
/// <c>class/name.jpg</c>, and <c>manifest.csv</c> with the table's columns, its paths those of the folder. A member of an archive
/// has nothing to link to and is unpacked.
/// </summary>
internal static class ClassFolders
{
    public static void Write(PackJob job, OutputFolder folder)
    {
        ImageTree tree = new(folder, "", job.Options.Layout ?? ImageLayout.Classes);
        IReadOnlyList<string> columns = job.Source.Header.Columns;
        using TableWriter manifest = Table.Create(Path.Combine(folder.Staging, "manifest.csv"), columns);
        // A link cannot lead into an archive, nor to a bucket.
        foreach (
            (PackRow row, PackImage? image) in job.Images(path =>
                job.Options.Copy || ImageInputs.IsMember(path) || ImageInputs.IsInBucket(path)
            )
        )
        {
            (string? place, string? reason) = image is null ? tree.Link(row) : (tree.Copy(image), null);
            if (place is null)
            {
                job.Skip(reason!);
                continue;
            }
            manifest.Write([.. columns.Select(column => column == "path" ? place : row.Row[column])]);
            job.Add(row);
        }
        manifest.Commit();
    }
}
