// The second pass: the best rows, by class where a budget is shared.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Ranking;

/// <summary>The rows taken.</summary>
internal sealed class TopRanking
{
    // The one share there is when classes do not matter.
    private const long AllClasses = long.MinValue;

    private readonly SelectOptions options;
    private readonly Passes passes;
    private readonly Survey survey;
    private readonly ClassQuota quota;
    private Dictionary<long, TopRows> tops = [];

    private TopRanking(Passes passes, Survey survey)
    {
        this.passes = passes;
        this.survey = survey;
        options = passes.Options;
        quota = options.PerClass.Count > 0 ? ClassQuota.PerClass : options.Threshold.HasValue ? ClassQuota.None : options.Quota;
    }

    /// <summary>The rows taken, best first.</summary>
    public IReadOnlyList<RankedRow> Chosen { get; private set; } = [];

    /// <summary>Copies turned away.</summary>
    public long Duplicates { get; private set; }

    /// <summary>The lowest score taken, by class name, or under <c>*</c>.</summary>
    public IReadOnlyDictionary<string, double> Thresholds { get; private set; } = new Dictionary<string, double>();

    public static TopRanking Of(Passes passes, Survey survey)
    {
        TopRanking ranking = new(passes, survey);
        ranking.Rank();
        ranking.Merge();
        return ranking;
    }

    // A class may turn out to have fewer rows than counted once its copies are dropped; what it lacks then goes to the others
    // in another pass. Counts only fall, so this ends.
    private void Rank()
    {
        Dictionary<long, long> counts = survey.Classes.ToDictionary(known => known.Key, known => known.Value.Count);
        Dictionary<long, long> shares = Shares(counts);
        while (true)
        {
            Pass(shares);
            if (quota != ClassQuota.Equal) return;
            foreach ((long id, long share) in shares)
            {
                if (tops[id].Best().Count < share) counts[id] = tops[id].Best().Count;
            }
            Dictionary<long, long> better = Shares(counts);
            if (!better.Any(share => share.Value > shares[share.Key])) return;
            shares = better;
        }
    }

    private Dictionary<long, long> Shares(Dictionary<long, long> counts) => quota switch
    {
        ClassQuota.PerClass => ClassShares.Named(options.PerClass, survey.Classes),
        ClassQuota.Equal => ClassShares.Equal(counts, Budget),
        _ => new() { [AllClasses] = options.Threshold.HasValue ? long.MaxValue : Budget },
    };

    private long Budget => options.Budget ?? Math.Max(1, (long)Math.Round(options.Fraction!.Value * survey.Usable));

    private void Pass(Dictionary<long, long> shares)
    {
        tops = shares.ToDictionary(share => share.Key, share => new TopRows(share.Value, options.DropDuplicates));
        using PoolScan scan = passes.Scan();
        while (scan.Next())
        {
            double score = passes.Score.Evaluate(scan.Values, passes.Score.NeedsIdentity ? scan.Identity : 0);
            if (score < options.Threshold) continue;
            if (!tops.TryGetValue(quota == ClassQuota.None ? AllClasses : scan.Class, out TopRows? top)) throw Changed();
            if (top.Wants(score, scan.Row)) top.Add(new RankedRow(score, scan.Row, options.DropDuplicates ? scan.Content : 0));
        }
        if (scan.Rows != survey.Rows || scan.Usable != survey.Usable) throw Changed();
    }

    private void Merge()
    {
        List<RankedRow> all = [.. tops.Values.SelectMany(top => top.Best())];
        all.Sort(RankedRow.BestFirst);
        // Copies that the teacher put into different classes meet only here.
        HashSet<UInt128> seen = [];
        Chosen = [.. all.Where(row => row.Content == 0 || seen.Add(row.Content))];
        Duplicates = tops.Values.Sum(top => top.Duplicates) + all.Count - Chosen.Count;
        Thresholds = tops.Where(top => top.Value.Best().Count > 0).OrderBy(top => top.Key).ToDictionary(top => top.Key == AllClasses ? "*" : NameOf(top.Key), top => top.Value.Best()[^1].Score);
    }

    // Two predictions may carry one class name.
    private string NameOf(long id) => survey.Classes.Count(known => known.Value.Name == survey.Classes[id].Name) == 1 ? survey.Classes[id].Name : $"{survey.Classes[id].Name} ({id})";

    private TableException Changed() => new($"{options.Scores} changed while it was read; select again when whatever writes it is done");
}
