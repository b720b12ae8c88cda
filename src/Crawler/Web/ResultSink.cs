// From what a fetch brought to the store and the journal.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Web;

/// <summary>Gives every target its row, on any thread.</summary>
/// <param name="options">All options.</param>
/// <param name="store">Where images go.</param>
/// <param name="memberRows">The file of the rows of an archive's members, by the archive's ordinal.</param>
/// <param name="known">Members that are passed over, by <see cref="TextKey"/>.</param>
internal sealed class ResultSink(CrawlOptions options, ImageStore store, Func<long, string> memberRows, IReadOnlySet<UInt128> known)
    : IDisposable
{
    private readonly SemaphoreSlim decoders = new(options.Workers);
    private readonly ArchiveMembers members = new(options, store, memberRows, known);

    /// <summary>Judges what was fetched, stores an image, takes an archive apart, and journals the row, in this order: what has a row is in
    /// the store.</summary>
    public async Task<JournalRow> Land(WebTarget target, Fetched fetched, JournalWriter journal, CrawlTally told, CancellationToken stop)
    {
        CheckedImage landed;
        await decoders.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            landed = ResponseClassifier.Of(target, fetched, options);
        }
        finally
        {
            decoders.Release();
        }
        if (landed.Row.Reason == Reason.Archive)
            landed = landed with
            {
                Row = await members.Unpack(landed.Row, fetched.Archive!, member => told.Add(member), stop).ConfigureAwait(false),
            };
        // Not within the gate: a processor has better to do than to wait for a disk.
        string? path = landed.Stored is null
            ? null
            : store.Put(landed.Row.Sha256!, landed.Row.Format!, landed.Stored, stop, durable: false);
        await journal.Add(landed.Row, path, stop).ConfigureAwait(false);
        if (landed.Row.Status == JournalRow.IsMoved)
            return landed.Row;
        CrawlMetrics.Ended(landed.Row);
        told.Add(landed);
        return landed.Row;
    }

    public void Dispose()
    {
        decoders.Dispose();
        members.Dispose();
    }
}
