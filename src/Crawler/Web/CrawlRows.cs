// The rows of a crawl of the web, from its journals, in the order of the targets.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Sources;

namespace DataFreeKD.Crawler.Web;

/// <summary>What came of every target.</summary>
/// <param name="sources">What the user named.</param>
/// <param name="levels">Levels that were fetched.</param>
/// <param name="journal">Opens the journal of a level.</param>
/// <param name="members">The file of the rows of an archive's members, by the archive's ordinal.</param>
internal sealed class CrawlRows(WebSources sources, int levels, Func<int, JournalReader> journal, Func<long, string> members)
{
    /// <summary>Whether level 0 is what the sources name, rather than rows of an earlier crawl.</summary>
    public bool FirstLevelIsListed { get; init; } = true;

    /// <summary>All rows in order; the members of an archive before it.</summary>
    public IEnumerable<WebRow> All(CancellationToken cancel)
    {
        foreach (WebRow row in OfTargets(cancel))
        {
            if (row.Row.Members is not null)
            {
                using JournalReader rows = new(members(row.Row.Ordinal));
                foreach (JournalRow member in rows.Rows())
                    yield return new WebRow(member, member.Carried);
            }
            yield return row;
        }
    }

    /// <summary>Columns of the lists that travel into the manifest.</summary>
    public IEnumerable<string> CarriedColumns(CancellationToken cancel)
    {
        List<string> columns = new(sources.CarriedColumns());
        foreach (JournalRow archive in OfTargets(cancel).Select(row => row.Row).Where(row => row.Members is not null))
        {
            using JournalReader rows = new(members(archive.Ordinal));
            columns.AddRange(rows.Rows().SelectMany(member => member.Carried?.Keys ?? []).Distinct());
        }
        return columns.Where(column => !DataFreeKD.Manifests.Columns.Store.Contains(column)).Distinct();
    }

    private IEnumerable<WebRow> OfTargets(CancellationToken cancel)
    {
        for (int level = 0; level < levels; level++)
        {
            using JournalReader done = journal(level);
            if (level > 0 || !FirstLevelIsListed)
            {
                foreach (JournalRow row in done.Rows())
                    yield return new WebRow(row, null);
                continue;
            }
            // An address that is listed again was fetched once: its other rows have what the first one has.
            long named = 0;
            Dictionary<UInt128, long> first = new();
            foreach ((WebTarget target, ListedUrl? listed) in sources.Named(cancel))
            {
                named++;
                if (done.Has(target.Ordinal))
                {
                    first.TryAdd(TargetRules.KeyOf(target), target.Ordinal);
                    yield return new WebRow(done.Read(target.Ordinal), listed?.Columns);
                }
                else if (listed is not null && first.TryGetValue(TargetRules.KeyOf(target), out long ordinal))
                {
                    JournalRow row = done.Read(ordinal);
                    yield return new WebRow(
                        row with
                        {
                            Url = target.Url,
                            Members = null,
                            Images = null,
                            Pages = null,
                            Sitemaps = null,
                        },
                        listed.Columns
                    );
                }
            }
            foreach (JournalRow row in done.Rows(from: named))
                yield return new WebRow(row, null);
        }
    }
}
