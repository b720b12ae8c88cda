// How much of a selection is to be easy, medium and hard for the teacher.

namespace DataFreeKD.Selector.Sets;

/// <summary>A third of the candidates of a class, by the teacher's confidence.</summary>
internal enum Difficulty
{
    /// <summary>The third of which the teacher is surest.</summary>
    Easy,

    /// <summary>The third in between.</summary>
    Medium,

    /// <summary>The third of which it is least sure.</summary>
    Hard,
}

/// <summary>
/// Shares of the three thirds; they count relative to their sum. Thirds are cut inside the candidates, not the pool: what no
/// score lets through is no hard image but a useless one. That a student learns more where its teacher is less than sure is
/// TinyViT's remark on hard samples (Wu et al., ECCV 2022, section 3.1).
/// </summary>
/// <param name="Easy">0 or more.</param>
/// <param name="Medium">0 or more.</param>
/// <param name="Hard">0 or more.</param>
public sealed record DifficultyMix(double Easy, double Medium, double Hard)
{
    // A third that nobody asked for is used last, not never: the budget counts more.
    private const double Last = 1e-9;

    internal double Largest => Math.Max(Easy, Math.Max(Medium, Hard)) / (Easy + Medium + Hard);

    /// <summary>Checks the shares.</summary>
    /// <exception cref="SelectionException">One is negative or no number, or all are 0.</exception>
    internal void Validate()
    {
        double[] shares = [Easy, Medium, Hard];
        if (!shares.All(share => share >= 0 && double.IsFinite(share)) || shares.Sum() == 0)
            throw new SelectionException(
                "shares of easy, medium and hard must be 0 or more and not all 0; give e.g. easy:0.5,medium:0.3,hard:0.2"
            );
    }

    /// <summary>Cuts candidates into thirds.</summary>
    /// <param name="candidates">Candidates, best first.</param>
    /// <param name="confidence">The teacher's confidence of each.</param>
    /// <param name="count">How many are to be taken of all.</param>
    /// <returns>The candidates of each third, best first, and how many to take of it.</returns>
    internal IEnumerable<(Difficulty Level, int[] Candidates, int Take)> Split(
        IReadOnlyList<int> candidates,
        IReadOnlyList<double> confidence,
        long count
    )
    {
        int[] easyFirst = [.. candidates.OrderByDescending(at => confidence[at])];
        int[][] thirds =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(third => easyFirst[(third * easyFirst.Length / 3)..((third + 1) * easyFirst.Length / 3)].Order().ToArray()),
        ];
        Dictionary<long, double> weights = new()
        {
            [0] = Math.Max(Easy, Last),
            [1] = Math.Max(Medium, Last),
            [2] = Math.Max(Hard, Last),
        };
        Dictionary<long, long> take = Ranking.ClassShares.Proportional(
            weights,
            thirds.Index().ToDictionary(third => (long)third.Index, third => (long)third.Item.Length),
            count
        );
        return thirds.Index().Select(third => ((Difficulty)third.Index, third.Item, (int)take[third.Index]));
    }
}
