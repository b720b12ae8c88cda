// What a score that looks at the pool's confident core has beside its columns.

using DataFreeKD.Selector.Statistics;

namespace DataFreeKD.Selector.Core;

/// <summary>
/// A score whose rows are given two numbers more than its columns: the relative distance to the pool's confident core and the
/// discriminant of it (<see cref="CorePlace"/>). The core is found by a first score of the columns alone.
/// </summary>
internal interface ICoreScore
{
    /// <summary>Whether the core is to be looked for; without one the score is that of its columns.</summary>
    bool WantsCore { get; }

    /// <summary>Whether there is no score without one.</summary>
    bool NeedsCore { get; }

    /// <summary>What the core is found by, higher for a surer image; after the fit to a sample of the columns.</summary>
    double Seed(ReadOnlySpan<double> values);

    /// <summary>Takes the pool's scale of all three; from then on rows end with distance and discriminant. Without this, they do
    /// not.</summary>
    /// <param name="seed">Of the first score.</param>
    /// <param name="nearness">Of the distance with its sign turned.</param>
    /// <param name="discriminant">Of the discriminant.</param>
    void FitCore(RobustScale seed, RobustScale nearness, RobustScale discriminant);
}
