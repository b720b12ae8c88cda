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
/// Thompson sampling (Thompson, 1933) over sources: each has a Beta(1 + useful, 1 + useless) belief about the share of its images that is useful; a draw from every belief
/// decides who gets the next fetch. A round is <see cref="Share"/>, the fetches, <see cref="Reward"/> for each of them, <see cref="EndRound"/>.
/// Everything follows from the seed and the calls; a source's draws do not depend on which others there are. Not thread-safe.
/// </summary>
internal sealed class ThompsonBandit
{
    // Bounds the work of a round with very many sources: a draw then decides over several fetches.
    private const int MostSamples = 2_000_000;

    private readonly Dictionary<string, Arm> arms = new(StringComparer.Ordinal);
    private readonly ulong seed;
    private readonly double discount;
    private ulong draws;

    /// <param name="seed">Decides the draws.</param>
    /// <param name="discount">What the past counts for after a round, in (0, 1]; below 1 sources that ran dry are found out (Raj and Kalyani, 2017). 1 forgets nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">The discount is not in (0, 1].</exception>
    public ThompsonBandit(ulong seed, double discount = 1)
    {
        if (!(discount > 0 && discount <= 1)) throw new ArgumentOutOfRangeException(nameof(discount), discount, "must be in (0, 1]");
        (this.seed, this.discount) = (seed, discount);
    }

    /// <summary>The source for one fetch.</summary>
    /// <param name="candidates">At least one.</param>
    public string Pick(IReadOnlyList<string> candidates)
    {
        ArgumentOutOfRangeException.ThrowIfZero(candidates.Count);
        return candidates[Best([.. candidates.Select(Known)])];
    }

    /// <summary>Divides a round's budget: every fetch (with very many sources every few) goes to the winner of a draw among the sources that can still take one.</summary>
    /// <param name="offers">Distinct sources.</param>
    /// <param name="budget">Fetches; less is spent where less is offered.</param>
    /// <returns>The sources that get any, in the order of the offers.</returns>
    public IReadOnlyList<SourceShare> Share(IReadOnlyList<SourceOffer> offers, int budget)
    {
        List<SourceOffer> open = [.. offers.Where(static offer => offer.Waiting > 0)];
        List<Arm> beliefs = [.. open.Select(offer => Known(offer.Source))];
        var spent = new Dictionary<string, int>(StringComparer.Ordinal);
        int portion = (int)Math.Max(1, (long)open.Count * budget / MostSamples);
        while (budget > 0 && open.Count > 0)
        {
            int best = Best(beliefs);
            (string source, int waiting) = open[best];
            int fetches = Math.Min(Math.Min(portion, budget), waiting);
            spent[source] = spent.GetValueOrDefault(source) + fetches;
            budget -= fetches;
            open[best] = new SourceOffer(source, waiting - fetches);
            if (waiting > fetches) continue;
            open.RemoveAt(best);
            beliefs.RemoveAt(best);
        }
        return [.. offers.Where(offer => spent.ContainsKey(offer.Source)).Select(offer => new SourceShare(offer.Source, spent[offer.Source]))];
    }

    /// <summary>Tells how useful a fetch was.</summary>
    /// <param name="source">Whose fetch it was.</param>
    /// <param name="useful">0 (not at all, or failed) to 1.</param>
    public void Reward(string source, double useful)
    {
        if (!(useful >= 0 && useful <= 1)) throw new ArgumentOutOfRangeException(nameof(useful), useful, "must be in [0, 1]");
        Arm arm = Known(source);
        arm.Useful += useful;
        arm.Useless += 1 - useful;
    }

    /// <summary>Lets what is known age by the discount.</summary>
    public void EndRound()
    {
        foreach (Arm arm in arms.Values)
        {
            arm.Useful *= discount;
            arm.Useless *= discount;
        }
    }

    /// <summary>The believed share of a source's images that is useful, in (0, 1); 0.5 for an unknown one.</summary>
    public double Mean(string source) => arms.TryGetValue(source, out Arm? arm) ? (1 + arm.Useful) / (2 + arm.Useful + arm.Useless) : 0.5;

    private int Best(List<Arm> beliefs)
    {
        ulong draw = BetaSampler.Mix(seed + ++draws * 0x9E3779B97F4A7C15);
        (int best, double most) = (0, -1);
        for (int i = 0; i < beliefs.Count; i++)
        {
            Arm arm = beliefs[i];
            double sample = new BetaSampler(draw ^ arm.Key).Beta(1 + arm.Useful, 1 + arm.Useless);
            if (sample > most) (best, most) = (i, sample);
        }
        return best;
    }

    private Arm Known(string source)
    {
        if (!arms.TryGetValue(source, out Arm? arm)) arms[source] = arm = new Arm(KeyOf(source));
        return arm;
    }

    // FNV-1a, mixed: string.GetHashCode differs from run to run.
    private static ulong KeyOf(string source)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (char c in source) hash = (hash ^ c) * 0x100000001b3;
        return BetaSampler.Mix(hash);
    }

    private sealed class Arm(ulong key)
    {
        public ulong Key { get; } = key;

        public double Useful { get; set; }

        public double Useless { get; set; }
    }
}
