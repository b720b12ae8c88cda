// What is known about how much of a pool is useful, and how many of its images to take.

namespace DataFreeKD.Selector.Advice;

/// <summary>Advice on the size of a selection.</summary>
internal sealed record SizeAdvice
{
    /// <summary>The audit table.</summary>
    public required string Audit { get; init; }

    /// <summary>The method that ranked the pool.</summary>
    public required string Method { get; init; }

    /// <summary>Whether the audit was drawn just now and waits for answers.</summary>
    public bool Drawn { get; init; }

    /// <summary>Usable rows of the pool.</summary>
    public long Usable { get; init; }

    /// <summary>Images of the audit.</summary>
    public int Images { get; init; }

    /// <summary>Images answered with yes or no.</summary>
    public int Answered { get; init; }

    /// <summary>Of them, those answered yes.</summary>
    public int Yes { get; init; }

    /// <summary>Images that a person could not decide, left out.</summary>
    public int Unsure { get; init; }

    /// <summary>Which share of the usable rows is of the teacher's distribution, by the answers; null before there are enough of
    /// them.</summary>
    public ShareEstimate? Share { get; init; }

    /// <summary>Where the curve of sorted scores bends; null where it does not.</summary>
    public Knee? Knee { get; init; }

    /// <summary>The size advised; null before there are enough answers.</summary>
    public SizeExpectation? Advised { get; init; }

    /// <summary>What to expect of other sizes.</summary>
    public IReadOnlyList<SizeExpectation> Sizes { get; init; } = [];

    /// <summary>Whether the answers say that better ranked images are no more useful than others.</summary>
    public bool RankingDoesNotHelp { get; init; }
}

/// <summary>What the best rows hold.</summary>
/// <param name="Rows">How many of the best ranked.</param>
/// <param name="Precision">Which share of them is expected to be of the teacher's distribution.</param>
/// <param name="Recall">Which share of the pool's images of that distribution they are expected to hold.</param>
internal sealed record SizeExpectation(long Rows, double Precision, double Recall);

/// <summary>A share with its interval.</summary>
/// <param name="Estimate">0 to 1.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end.</param>
internal sealed record ShareEstimate(double Estimate, double Low, double High);

/// <summary>Where a curve of sorted scores bends.</summary>
/// <param name="Rows">How many rows stand above it.</param>
/// <param name="Score">The selection score there, which can be given as a threshold.</param>
internal sealed record Knee(long Rows, double Score);
