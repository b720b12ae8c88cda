// What a compression gave, and how far one is.

using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Pruning;

namespace DataFreeKD.Toolkit;

/// <summary>A moment of a compression.</summary>
/// <param name="Stage"><c>crawl</c>, <c>score</c>, <c>select</c>, <c>prune</c>, <c>distill</c>, <c>estimate</c> or <c>report</c>.</param>
/// <param name="Done">Images, rows, batches or steps done in it.</param>
/// <param name="Total">Of how many; 0 where nobody knows.</param>
public sealed record CompressProgress(string Stage, long Done, long Total);

/// <summary>What a compression gave.</summary>
public sealed record CompressSummary
{
    /// <summary>The student's directory.</summary>
    public required string Student { get; init; }

    /// <summary>Its parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>The teacher's parameters.</summary>
    public required long TeacherParameters { get; init; }

    /// <summary>The pruning; null where an earlier call had finished it.</summary>
    public required PruneSummary? Pruned { get; init; }

    /// <summary>The training; null where none was asked for, or an earlier call had finished it.</summary>
    public required DistillSummary? Trained { get; init; }

    /// <summary>The student's estimated accuracy.</summary>
    public required EstimateReport Estimate { get; init; }

    /// <summary>The scores table.</summary>
    public required string Scores { get; init; }

    /// <summary>The selection.</summary>
    public required string Selection { get; init; }

    /// <summary>The report page.</summary>
    public required string Report { get; init; }
}
