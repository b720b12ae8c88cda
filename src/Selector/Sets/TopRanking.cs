// The second pass: the best rows, by class where a budget is shared, each looks once where that is asked for.

using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Sets;

/// <summary>The rows to choose from.</summary>
internal sealed class TopRanking
{
    // The one share there is when classes do not matter.
    private const long AllClasses = long.MinValue;

    private readonly SelectOptions options;
    private readonly Passes passes;
    private readonly Survey survey;

    // At most one of the two; neither where classes do not matter.
    private readonly Dictionary<long, double>? weights;
    private readonly Dictionary<long, long>? counts;
    private readonly List<Candidate> candidates = [];
    private readonly List<NearCopy> near = [];
    private Dictionary<long, TopRows> tops = [];

    private TopRanking(Passes passes, Survey survey)
    {
        this.passes = passes;
        this.survey = survey;
        options = passes.Options;
        if (options.PerClass.Count > 0)
            counts = ClassShares.Named(options.PerClass.Select(pair => (pair.Key, pair.Value, "")), survey.Classes);
        else if (passes.Quotas is { AreCounts: true } file)
            counts = ClassShares.Named(file.Entries, survey.Classes).ToDictionary(pair => pair.Key, pair => (long)pair.Value);
        else if (passes.Quotas is { } shares)
            weights = ClassShares.Named(shares.Entries, survey.Classes);
        else if (!options.Threshold.HasValue && options.Quota == ClassQuota.Floor)
            weights = FloorShares.Of(passes, survey, Budget).ToDictionary(share => share.Key, share => (double)share.Value);
        else if (!options.Threshold.HasValue && options.Quota != ClassQuota.None)
            weights = survey.Classes.ToDictionary(
                known => known.Key,
                known => options.Quota == ClassQuota.Teacher ? (double)known.Value.Count : 1
            );
    }

    /// <summary>The rows to choose from, best first; exactly those to take where nothing is chosen beyond the ranking.</summary>
    public IReadOnlyList<Candidate> Candidates => candidates;

    /// <summary>How many of each class to take.</summary>
    public IReadOnlyDictionary<long, long> Shares { get; private set; } = new Dictionary<long, long>();

    /// <summary>The candidates' unit vectors, where they were compared; else null.</summary>
    public UnitVectors? Vectors { get; private set; }

    /// <summary>Near duplicates of candidates, best first.</summary>
    public IReadOnlyList<NearCopy> Near => near;

    /// <summary>Copies turned away.</summary>
    public long Duplicates { get; private set; }

    public static TopRanking Of(Passes passes, Survey survey)
    {
        TopRanking ranking = new(passes, survey);
        ranking.Rank();
        return ranking;
    }

    /// <summary>A class as the summary names it.</summary>
    public string NameOf(long id)
    {
        if (id == AllClasses)
            return "*";
        // Two predictions may carry one class name.
        string name = survey.Classes[id].Name;
        return survey.Classes.Count(known => known.Value.Name == name) == 1 ? name : $"{name} ({id})";
    }

    // A class may turn out to have fewer rows than counted once its copies are dropped; where more of it can be read it is, else
    // what it lacks goes to the others in another pass. What can be had only falls and what is read only grows, so this ends.
    private void Rank()
    {
        Dictionary<long, long> pool =
            weights is null && counts is null
                ? new() { [AllClasses] = survey.Usable }
                : survey.Classes.ToDictionary(known => known.Key, known => known.Value.Count);
        Dictionary<long, long> available = new(pool),
            shares = SharesOf(available),
            reads = shares.ToDictionary(share => share.Key, share => Reads(share.Value));
        for (bool again = true; again;)
        {
            again = false;
            Pass(reads);
            Gather(shares);
            Dictionary<long, long> had = candidates.CountBy(row => row.Class).ToDictionary(known => known.Key, known => (long)known.Value);
            foreach ((long id, long share) in shares)
            {
                long got = had.GetValueOrDefault(id);
                if (got >= Limit(share))
                    continue;
                bool more = tops[id].Best().Count >= reads[id] && reads[id] < pool[id];
                if (more)
                    (reads[id], again) = (2 * reads[id], true);
                else if (got < share)
                    available[id] = Math.Min(available[id], got);
            }
            Dictionary<long, long> better = SharesOf(available);
            foreach ((long id, long share) in better.Where(share => share.Value > shares[share.Key]))
                (reads[id], again) = (Math.Max(reads[id], Reads(share)), true);
            shares = better;
        }
        Shares = shares;
    }

    private Dictionary<long, long> SharesOf(Dictionary<long, long> available) =>
        counts is not null ? counts
        : weights is not null ? ClassShares.Proportional(weights, available, Budget)
        : new() { [AllClasses] = options.Threshold.HasValue ? long.MaxValue : Budget };

    private long Budget => options.Budget ?? Math.Max(1, (long)Math.Round(options.Fraction!.Value * survey.Usable));

    private long Limit(long share) => share > survey.Usable ? share : (long)Math.Ceiling(options.Set.Factor * share);

    // A few more than wanted, since some will be near duplicates.
    private long Reads(long share) =>
        options.Set.DropsNear && share is > 0 and < long.MaxValue ? Limit(share) + Limit(share) / 8 + 64 : Limit(share);

    private void Pass(Dictionary<long, long> reads)
    {
        tops = reads.ToDictionary(read => read.Key, read => new TopRows(read.Value, options.DropDuplicates));
        bool one = tops.ContainsKey(AllClasses);
        using PoolScan scan = passes.Scan();
        while (scan.Next())
        {
            double score = scan.Score;
            if (score < options.Threshold)
                continue;
            if (!tops.TryGetValue(one ? AllClasses : scan.Class, out TopRows? top))
                throw passes.Changed();
            if (top.Wants(score, scan.Row))
                top.Add(new RankedRow(score, scan.Row, options.DropDuplicates ? scan.Content : 0));
        }
        if (scan.Rows != survey.Rows || scan.Usable != survey.Usable)
            throw passes.Changed();
    }

    // Best first over all classes, so that of two alike the better stays, whatever their classes.
    private void Gather(Dictionary<long, long> shares)
    {
        candidates.Clear();
        near.Clear();
        Candidate[] all = [.. tops.SelectMany(top => top.Value.Best().Select(row => new Candidate(row, top.Key)))];
        Array.Sort(all, (one, other) => RankedRow.BestFirst(one.Ranked, other.Ranked));
        NearDuplicates? copies = options.Set.DropsNear ? new NearDuplicates(passes, Array.ConvertAll(all, row => row.Ranked)) : null;
        Dictionary<long, long> left = shares.ToDictionary(share => share.Key, share => Limit(share.Value));
        HashSet<UInt128> seen = [];
        List<int> kept = [];
        Duplicates = tops.Values.Sum(top => top.Duplicates);
        for (int at = 0; at < all.Length; at++)
        {
            Candidate row = all[at];
            if (left[row.Class] == 0)
                continue;
            // Copies that the teacher put into different classes meet only here.
            if (row.Ranked.Content != 0 && !seen.Add(row.Ranked.Content))
            {
                Duplicates++;
                continue;
            }
            if (copies?.FindOrAdd(at) is { } copy)
            {
                near.Add(copy);
                continue;
            }
            left[row.Class]--;
            candidates.Add(row);
            kept.Add(at);
        }
        Vectors = copies?.Vectors?.Of(kept);
    }
}
