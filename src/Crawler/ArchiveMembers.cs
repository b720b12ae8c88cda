// The members of a fetched archive, on their way into the store: each gets a row of its own.

using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Crawler;

/// <summary>Takes archives apart, one at a time, and lets go of each when its rows are safe: a crawl of many shards needs the space of a
/// few.</summary>
/// <param name="options">Limits and wishes.</param>
/// <param name="store">Where images go.</param>
/// <param name="memberRows">The file of the rows of an archive's members, by the archive's ordinal.</param>
/// <param name="known">Members that have a row in the manifest already.</param>
internal sealed class ArchiveMembers(CrawlOptions options, ImageStore store, Func<long, string> memberRows, IReadOnlySet<UInt128> known)
    : IDisposable
{
    private readonly SemaphoreSlim one = new(1);

    /// <summary>How a member is named: as members of local archives are.</summary>
    public static string NameOf(string archive, string member) => $"{archive}::{member}";

    /// <summary>Whether a source names a member of an archive that is itself known.</summary>
    public static bool IsMember(string source, IReadOnlySet<UInt128> known)
    {
        for (int at = source.IndexOf("::", StringComparison.Ordinal); at >= 0; at = source.IndexOf("::", at + 1, StringComparison.Ordinal))
        {
            if (known.Contains(TextKey.Of(source[..at])))
                return true;
        }
        return false;
    }

    /// <summary>Stores the images of an archive, writes the rows of its members, and removes the file.</summary>
    /// <param name="row">The archive's row, were it sound.</param>
    /// <param name="archive">The archive.</param>
    /// <param name="told">Hears of every member.</param>
    /// <param name="cancel">Stops; the archive is fetched again then.</param>
    /// <returns>The archive's row: failed where it is damaged, though its whole members are kept.</returns>
    public async Task<JournalRow> Unpack(JournalRow row, ArchiveFile archive, Action<CheckedImage> told, CancellationToken cancel)
    {
        await one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            string members = memberRows(row.Ordinal);
            File.Delete(members);
            string? damage = null;
            await using (JournalWriter journal = new(members))
            {
                await Parallel
                    .ForEachAsync(
                        Numbered(archive.Path, cancel),
                        new ParallelOptions { MaxDegreeOfParallelism = options.Workers, CancellationToken = cancel },
                        async (member, stop) =>
                        {
                            // A member that the end of the archive cuts is the archive's damage: a whole archive may have it later.
                            if (member.Image.Path == archive.Path || member.Image.Reason == Reason.Truncated)
                            {
                                damage = member.Image.Reason;
                                return;
                            }
                            string name = NameOf(row.Url, member.Image.Path[(archive.Path.Length + 2)..]);
                            if (known.Contains(TextKey.Of(name)))
                                return;
                            JournalRow found = new(member.Ordinal, name, Status.Failed)
                            {
                                Reason = member.Image.Reason ?? "",
                                Carried = Sidecars.ColumnsOf(member.Image) is { Count: > 0 } carried ? carried : null,
                            };
                            CheckedImage image = member.Image.Bytes is { } bytes
                                ? CheckedImage.From(found, bytes, options)
                                : new CheckedImage(found, null);
                            string? path = image.Stored is null
                                ? null
                                : store.Put(image.Row.Sha256!, image.Row.Format!, image.Stored, stop, durable: false);
                            await journal.Add(image.Row, path, stop).ConfigureAwait(false);
                            CrawlMetrics.Ended(image.Row);
                            told(image);
                        }
                    )
                    .ConfigureAwait(false);
            }
            File.Delete(archive.Path);
            row = row with { Members = true };
            return damage is null ? row : row with { Status = Status.Failed, Reason = damage };
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    private IEnumerable<(long Ordinal, ImageInput Image)> Numbered(string path, CancellationToken cancel) =>
        ImageInputs
            .Enumerate(path, new InputOptions { MaxBytes = options.Limits.MaxBytes }, cancel)
            .Select((image, ordinal) => ((long)ordinal, image));
}
