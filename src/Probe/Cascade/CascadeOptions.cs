// What a cascade is for: how many images a selection will take, by which score, and what looks at an image first.

using DataFreeKD.Imaging;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Cascade;

/// <summary>Scores only what a cheap first look gives hope for.</summary>
internal sealed record CascadeOptions
{
    /// <summary>Share of the recall that <see cref="Keep"/> is chosen for, where it is not given.</summary>
    public const double WantedRecall = 0.98;

    /// <summary>Images that will be selected: the cascade is to keep the best so many.</summary>
    public required long Budget { get; init; }

    /// <summary>Share of the images that are scored fully, in (0, 1]; null for the smallest that keeps <see cref="WantedRecall"/> of the
    /// best on a sample.</summary>
    public double? Keep { get; init; }

    /// <summary>Images, about and at most, that it is learned from and measured on: a sixteenth of the pool, at least
    /// <see cref="LeastSample"/>. They are read and scored in passes of their own.</summary>
    /// <value>4,096.</value>
    public int Sample { get; init; } = 4096;

    /// <summary>A sample of so many images is taken of small pools too.</summary>
    public const int LeastSample = 1024;

    /// <summary>What makes the small network that looks at every image; null for the teacher's own first blocks.</summary>
    internal CascadePruning? Pruning { get; init; }

    /// <summary>By what the selection will rank.</summary>
    public required CascadeRanking Ranking { get; init; }
}

/// <summary>A selection score, as far as a cascade has to know it.</summary>
/// <param name="Name">The selection method.</param>
/// <param name="Bind">Given the columns of the scores table, the columns that the score reads, and what makes scores of a sample: one array
/// a column in, one score a row out, higher for more useful rows.</param>
internal sealed record CascadeRanking(
    string Name,
    Func<IReadOnlyList<string>, (IReadOnlyList<string> Columns, Func<IReadOnlyList<double[]>, double[]> Scores)> Bind
);

/// <summary>A way to a small network that answers nearly as the teacher does.</summary>
/// <param name="Name">All that the network depends on beside teacher and images, in words: an interrupted run is only continued with the
/// same.</param>
/// <param name="Tokens">Tokens that it is made from, about; of 100 images at least, and no more than a quarter of the sample.</param>
/// <param name="Make">Makes it of the loaded teacher, which it must not change, and images of the pool.</param>
internal sealed record CascadePruning(
    string Name,
    int Tokens,
    Func<LoadedModel, IReadOnlyList<MemoryImage>, CancellationToken, CascadeStudent> Make
);

/// <summary>A small network, or why there is none; whoever is given it disposes it.</summary>
/// <param name="Model">A Vision Transformer with the teacher's preprocessing; null where this teacher has none.</param>
/// <param name="Why">Why there is none, for people; null where there is one.</param>
internal sealed record CascadeStudent(LoadedModel? Model, string? Why);
