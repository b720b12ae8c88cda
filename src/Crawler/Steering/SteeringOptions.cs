// The seam by which another stage says which images are useful, so that a crawl spends its budget where they come from.

namespace DataFreeKD.Crawler.Steering;

/// <summary>A new image of the store, to be judged.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Source">The host that it came from, or whose page it was found on.</param>
/// <param name="Figures">What its verdict said before the crawl was interrupted: it need not be looked at again. Null for an image that was
/// not judged yet.</param>
internal sealed record SteeringSample(string Path, string Source, IReadOnlyList<double>? Figures = null);

/// <summary>What an image is worth.</summary>
/// <param name="Useful">From 0 (useless) to 1.</param>
/// <param name="Figures">What the judge has to know of the image to repeat itself; finite. Kept until the crawl is done.</param>
internal sealed record SteeringVerdict(double Useful, IReadOnlyList<double> Figures);

/// <summary>
/// Judges the new images of a round, one verdict each in the same order. Rounds come one at a time; a crawl that goes on after an
/// interruption
/// starts with the rounds that were judged before. Verdicts must follow from the rounds so far alone.
/// </summary>
internal delegate IReadOnlyList<SteeringVerdict> SteeringJudge(IReadOnlyList<SteeringSample> images, CancellationToken cancel);

/// <summary>How a crawl is steered.</summary>
/// <param name="Judge">Says what images are worth.</param>
/// <param name="Name">Tells judges apart: a crawl that was interrupted goes on with the one that it began with.</param>
internal sealed record SteeringOptions(SteeringJudge Judge, string Name)
{
    /// <summary>Decides the draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Fetches between two looks at what they were worth.</summary>
    /// <value>Null: a fortieth of the budget, from 32 to 512.</value>
    public int? Round { get; init; }

    internal int RoundOf(long budget) => Round ?? (int)Math.Clamp(budget / 40, 32, 512);
}
