// What a score that looks at the pool's confident core has beside its columns.

using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Core;

/// <summary>
/// A score whose rows are given one number more than its columns: the relative distance to the pool's confident core
/// (<see cref="CoreModel"/>), which is found by a first score of the columns alone.
/// </summary>
internal interface ICoreScore
{
    /// <summary>Whether the core is to be looked for; without one the score is that of its columns.</summary>
    bool WantsCore { get; }

    /// <summary>Whether there is no score without one.</summary>
    bool NeedsCore { get; }

    /// <summary>What the core is found by, higher for a surer image; after the fit to a sample of the columns.</summary>
    double Seed(ReadOnlySpan<double> values);

    /// <summary>Takes the pool's scale of both numbers; from then on rows have the distance as their last number. Without this, they have not.</summary>
    /// <param name="seed">Of the first score.</param>
    /// <param name="nearness">Of the distance with its sign turned.</param>
    void FitCore(RobustScale seed, RobustScale nearness);
}
