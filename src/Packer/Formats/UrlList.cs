// The addresses that the images came from, for those who fetch them themselves.

using System.Text;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Formats;

/// <summary>
/// Each address once. A table has it as <c>url</c>, and the other columns but <c>path</c> and <c>source</c>; its <c>sha256</c> is that of
/// the image
/// that was stored, which a crawl that resized or stripped it changed.
/// </summary>
internal static class UrlList
{
    public static void Write(PackJob job)
    {
        job.Source.Header.Require("source");
        if (job.Options.Output.EndsWith(".txt", StringComparison.OrdinalIgnoreCase))
            WriteLines(job);
        else
            WriteTable(job);
    }

    private static void WriteLines(PackJob job)
    {
        using AtomicFile file = new(job.Options.Output);
        using (
            StreamWriter lines = new(file.Stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true)
            {
                NewLine = "\n",
            }
        )
        {
            foreach ((_, string url) in Addresses(job))
                lines.WriteLine(url);
        }
        job.RequireSome();
        job.RefuseAppeared();
        file.Commit();
    }

    private static void WriteTable(PackJob job)
    {
        string[] carried = [.. job.Source.Header.Columns.Where(column => column is not ("path" or "source" or "url"))];
        using TableWriter table = Table.Create(job.Options.Output, ["url", .. carried]);
        foreach ((PackRow row, string url) in Addresses(job))
            table.Write([url, .. carried.Select(column => row.Row[column])]);
        job.RequireSome();
        job.RefuseAppeared();
        table.Commit();
    }

    private static IEnumerable<(PackRow Row, string Url)> Addresses(PackJob job)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (PackRow row in job.Rows())
        {
            if (row.Url is not { } url)
            {
                job.Skip("no_url");
            }
            else if (!seen.Add(url))
            {
                job.Skip("same_url");
            }
            else
            {
                job.Add(row, image: false);
                yield return (row, url);
            }
        }
    }
}
