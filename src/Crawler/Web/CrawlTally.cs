// What has come in from the web so far.

namespace DataFreeKD.Crawler.Web;

/// <summary>Counts rows, and tells of each.</summary>
/// <param name="progress">Heard after every row, from any thread but one at a time.</param>
internal sealed class CrawlTally(IProgress<CrawlProgress>? progress)
{
    private readonly Lock gate = new();
    private long done,
        stored,
        bytes,
        rejected,
        failed;

    /// <summary>Counts the rows that an interrupted crawl left.</summary>
    public void Resume(long rows)
    {
        lock (gate)
            done += rows;
    }

    /// <summary>Counts a row.</summary>
    public void Add(in CheckedImage landed)
    {
        lock (gate)
        {
            done++;
            if (landed.Stored is not null)
                stored++;
            if (landed.Row.Status == Status.Rejected)
                rejected++;
            if (landed.Row.Status == Status.Failed)
                failed++;
            bytes += landed.Row.Bytes;
            progress?.Report(new CrawlProgress(done, stored, bytes, rejected, failed));
        }
    }
}
