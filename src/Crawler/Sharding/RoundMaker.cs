// What comes after a round: what was moved, then the links of the level's pages, then the end.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Web;

namespace DataFreeKD.Crawler.Sharding;

/// <summary>Makes rounds. A round is a function of the plan and of the journals before it, whoever makes it.</summary>
/// <param name="options">All options.</param>
/// <param name="sources">What the user named.</param>
/// <param name="known">Addresses that are passed over, by <see cref="TextKey"/>.</param>
/// <param name="partitions">The partitions.</param>
/// <param name="rounds">Where rounds lie.</param>
/// <param name="levels">Where the targets of levels lie.</param>
internal sealed class RoundMaker(
    CrawlOptions options,
    WebSources sources,
    IReadOnlySet<UInt128> known,
    CrawlPartitions partitions,
    CrawlRounds rounds,
    string levels
)
{
    /// <summary>Makes the round after one whose partitions are all finished.</summary>
    /// <param name="last">The round; null for the first one.</param>
    /// <param name="cancel">Stops.</param>
    public void After(CrawlRound? last, CancellationToken cancel)
    {
        if (last is null)
        {
            Fresh(0, 0, options.Web.MaxFetches ?? long.MaxValue, cancel);
            return;
        }
        CrawlRound next = last with { Number = last.Number + 1, Partitions = new Dictionary<int, long>() };
        using JournalReader moved = new(rounds.AllJournals(last), JournalRows.Moved, sparse: true);
        if (moved.Count > 0)
        {
            rounds.Begin(next, moved.Rows().Select(row => (partitions.Of(row.Moved!), row.Moved!)));
            return;
        }
        if (last.Level < (options.Web.Depth ?? 0) + WebCrawl.ExtraLevels && Deepen(last.Level, cancel))
            Fresh(next.Number, last.Level + 1, last.Left, cancel);
        else
            rounds.Begin(next with { End = true }, []);
    }

    /// <summary>Opens the journal of a level.</summary>
    public JournalReader Journal(int level) =>
        new([.. rounds.All().Where(round => round.Level == level).SelectMany(rounds.AllJournals)], JournalRows.Final, sparse: false);

    /// <summary>The targets of a level that are fetched.</summary>
    public IEnumerable<WebTarget> Eligible(int level, CancellationToken cancel)
    {
        HashSet<UInt128> asked = [];
        return Targets(level, cancel).Where(target => !known.Contains(TextKey.Of(target.Url)) && TargetRules.IsFirst(target, asked));
    }

    private void Fresh(int number, int level, long left, CancellationToken cancel)
    {
        long taken = 0;
        (int, WebTarget)[] none = [];
        CrawlRound round = new()
        {
            Number = number,
            Level = level,
            Left = left,
            Partitions = new Dictionary<int, long>(),
        };
        IEnumerable<(int, WebTarget)> all = Eligible(level, cancel)
            .TakeWhile(_ => taken++ < left)
            .Select(target => (partitions.Of(target), target));
        if (left < long.MaxValue)
        {
            // What is left is of the record, and known only once all are counted.
            round = round with { Left = left - Math.Min(left, Eligible(level, cancel).LongCount()) };
        }
        rounds.Begin(round, left > 0 ? all : none);
    }

    // The links of a level's pages become the next level, each address once.
    private bool Deepen(int level, CancellationToken cancel)
    {
        using JournalReader journal = Journal(level);
        if (!journal.Rows().Any(row => row.Images?.Count > 0 || row.Pages?.Count > 0 || row.Sitemaps?.Count > 0))
            return false;
        LinkSet links = new(
            options.Web.MaxPages,
            Targets(0, cancel),
            Enumerable.Range(1, level).SelectMany(earlier => Targets(earlier, cancel))
        );
        Directory.CreateDirectory(levels);
        TargetFile.Write(
            PathOf(level + 1),
            journal.Rows().SelectMany(links.New).Select((link, ordinal) => link with { Ordinal = ordinal })
        );
        return true;
    }

    private IEnumerable<WebTarget> Targets(int level, CancellationToken cancel) =>
        level == 0 ? sources.Named(cancel).Select(named => named.Target) : TargetFile.Read(PathOf(level));

    private string PathOf(int level) => Path.Combine(levels, $"targets-{level}.jsonl");
}
