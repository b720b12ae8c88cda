// Which sources deserve the next fetches: those whose images were useful, and now and then one that is little known.

namespace DataFreeKD.Crawler.Steering;

/// <summary>A source with something to fetch.</summary>
/// <param name="Source">Its name, for example a host.</param>
/// <param name="Waiting">How many fetches it can take in this round.</param>
internal readonly record struct SourceOffer(string Source, int Waiting);

/// <summary>A source's part of a round's budget.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Fetches">At least 1.</param>
internal readonly record struct SourceShare(string Source, int Fetches);

/// <summary>
/// Thompson sampling (Thompson, 1933) over sources: each has a Beta belief about the share of its fetches that is useful; a draw from every
/// belief decides who gets
/// the next fetch. What all sources are like on average is where the belief about each begins. Sources that were never tried enter as one,
/// with the belief about that
/// average: among a thousand unknown ones some draw would always be higher than the best known source's, and nothing that was learnt would
/// ever be used.
/// A round is <see cref="Share"/>, the fetches, <see cref="Reward"/> for each of them, <see cref="EndRound"/>. Everything follows from the
/// seed and the calls. Not thread-safe.
/// </summary>
/// <param name="seed">Decides the draws.</param>
internal sealed class ThompsonBandit(ulong seed)
{
    /// <summary>Fetches that the average of all sources counts for, in the belief about one.</summary>
    private const double Prior = 2;

    /// <summary>Part of a round that goes to untried sources in any case: the best of the first few tried may be a bad one.</summary>
    private const double Exploration = 0.1;

    // Bounds the work of a round with very many sources: a draw then decides over several fetches.
    private const int MostSamples = 2_000_000;

    private readonly Dictionary<string, Arm> arms = new(StringComparer.Ordinal);
    private ulong draws,
        rounds;

    /// <summary>Divides a round's budget: every fetch (with very many sources every few) goes to the winner of a draw among the sources
    /// that can still take one.</summary>
    /// <param name="offers">Distinct sources.</param>
    /// <param name="budget">Fetches; less is spent where less is offered.</param>
    /// <returns>The sources that get any, in the order of the offers.</returns>
    public IReadOnlyList<SourceShare> Share(IReadOnlyList<SourceOffer> offers, int budget)
    {
        Dictionary<string, int> spent = new(StringComparer.Ordinal);
        List<(SourceOffer Offer, Arm Arm)> known = [];
        List<SourceOffer> untried = [];
        foreach (SourceOffer offer in offers)
        {
            if (offer.Waiting <= 0)
                continue;
            if (arms.TryGetValue(offer.Source, out Arm? arm))
                known.Add((offer, arm));
            else
                untried.Add(offer);
        }
        // In an order that has nothing to do with that of the user's list.
        Queue<SourceOffer> newcomers = new(untried.OrderBy(offer => SplitMix64.Mix(seed ^ KeyOf(offer.Source))));
        double average = Average;
        int portion = (int)Math.Max(1, (long)known.Count * budget / MostSamples),
            explored = 0;
        for (int left = budget; left > 0 && known.Count + newcomers.Count > 0;)
        {
            (int best, bool explore) = Draw(known, average);
            explore = newcomers.Count > 0 && (explore || explored < Exploration * (budget - left));
            if (explore)
            {
                for (int i = Math.Min(Math.Min(portion, left), newcomers.Count); i > 0; i--, left--, explored++)
                {
                    SourceOffer newcomer = newcomers.Dequeue();
                    if (Give(newcomer, 1) is { } rest)
                        newcomers.Enqueue(rest);
                }
            }
            else if (best >= 0)
            {
                (SourceOffer offer, Arm arm) = known[best];
                int fetches = Math.Min(Math.Min(portion, left), offer.Waiting);
                left -= fetches;
                if (Give(offer, fetches) is { } rest)
                    known[best] = (rest, arm);
                else
                    known.RemoveAt(best);
            }
        }
        return
        [
            .. offers.Where(offer => spent.ContainsKey(offer.Source)).Select(offer => new SourceShare(offer.Source, spent[offer.Source])),
        ];

        SourceOffer? Give(SourceOffer offer, int fetches)
        {
            spent[offer.Source] = spent.GetValueOrDefault(offer.Source) + fetches;
            return offer.Waiting > fetches ? offer with { Waiting = offer.Waiting - fetches } : null;
        }
    }

    /// <summary>Tells how useful a fetch was.</summary>
    /// <param name="source">Whose fetch it was.</param>
    /// <param name="useful">0 (not at all, or failed) to 1.</param>
    public void Reward(string source, double useful)
    {
        if (!(useful >= 0 && useful <= 1))
            throw new ArgumentOutOfRangeException(nameof(useful), useful, "must be in [0, 1]");
        if (!arms.TryGetValue(source, out Arm? arm))
            arms[source] = arm = new Arm(KeyOf(source));
        arm.Useful += useful;
        arm.Fetches++;
    }

    /// <summary>Begins the next round. Its draws do not depend on how many this one took: what was learnt can be learnt again without
    /// drawing.</summary>
    public void EndRound() => draws = ++rounds << 32;

    /// <summary>The believed share of a source's fetches that is useful, in (0, 1); for an untried one that of the average
    /// source.</summary>
    public double Mean(string source) =>
        arms.TryGetValue(source, out Arm? arm) ? (Prior * Average + arm.Useful) / (Prior + arm.Fetches) : Average;

    // Every source counts the same, however often it was asked.
    private double Average => (1 + arms.Values.Sum(static arm => arm.Useful / arm.Fetches)) / (2 + arms.Count);

    // The best known source by this draw (-1: there is none), and whether an untried one is better still.
    private (int Best, bool Untried) Draw(List<(SourceOffer Offer, Arm Arm)> known, double average)
    {
        ulong draw = SplitMix64.Mix(seed + ++draws * SplitMix64.Step);
        (int best, double most) = (-1, -1);
        for (int i = 0; i < known.Count; i++)
        {
            Arm arm = known[i].Arm;
            double sample = new BetaSampler(draw ^ arm.Key).Beta(
                Prior * average + arm.Useful,
                Prior * (1 - average) + arm.Fetches - arm.Useful
            );
            if (sample > most)
                (best, most) = (i, sample);
        }
        double weight = 2 + arms.Count;
        return (best, new BetaSampler(draw).Beta(weight * average, weight * (1 - average)) > most);
    }

    // FNV-1a, mixed: string.GetHashCode differs from run to run.
    private static ulong KeyOf(string source)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (char c in source)
            hash = (hash ^ c) * 0x100000001b3;
        return SplitMix64.Mix(hash);
    }

    private sealed class Arm(ulong key)
    {
        public ulong Key { get; } = key;

        public double Useful { get; set; }

        public int Fetches { get; set; }
    }
}
