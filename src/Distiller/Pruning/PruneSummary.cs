// What a finished pruning gave.

namespace DataFreeKD.Distiller.Pruning;

/// <summary>A shape that was tried, fitted on few images.</summary>
internal sealed record FrontierPoint
{
    /// <summary>The shape, as a spec.</summary>
    public required string Student { get; init; }

    /// <summary>Parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-accumulates of one image.</summary>
    public required long Macs { get; init; }

    /// <summary>Measured images a second of its forward passes, in batches.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Share of the held-out images on which it decides as the teacher, 0–1.</summary>
    public required double Agreement { get; init; }

    /// <summary>Mean KL(teacher ‖ student) over the held-out images, nats.</summary>
    public required double Divergence { get; init; }

    /// <summary>Estimated top-1 (see <see cref="EstimateRun"/>), 0–1; of no use where the teacher's accuracy is not known.</summary>
    public required double Estimate { get; init; }

    /// <summary>Estimated share of the teacher's accuracy that is kept, 0–1.</summary>
    public required double Retained { get; init; }

    /// <summary>Whether it is the one taken.</summary>
    public bool Chosen { get; init; }
}

/// <summary>What a finished pruning gave.</summary>
public sealed record PruneSummary
{
    /// <summary>Model directory written.</summary>
    public required string Output { get; init; }

    /// <summary>The student's shape, as a spec or registry name.</summary>
    public required string Student { get; init; }

    /// <summary>The teacher's blocks that it keeps.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Images fitted on.</summary>
    public required int Images { get; init; }

    /// <summary>Images held out.</summary>
    public required int HeldOutImages { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Parameters of the student.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters of the teacher.</summary>
    public required long TeacherParameters { get; init; }

    /// <summary>Multiply-accumulates of one image, student.</summary>
    public required long Macs { get; init; }

    /// <summary>Multiply-accumulates of one image, teacher.</summary>
    public required long TeacherMacs { get; init; }

    /// <summary>Share of the held-out images on which the student decides as the teacher, 0–1; null where none was held out, or the teacher
    /// has no head.</summary>
    public required double? HeldOut { get; init; }

    /// <summary>Top-1 that the teacher expects of the student on the held-out images (see <see cref="EstimateRun"/>), 0–1; null as for
    /// <see cref="HeldOut"/>.</summary>
    public required double? Estimate { get; init; }

    /// <summary>Estimated share of the teacher's accuracy that is kept, 0–1; null as for <see cref="HeldOut"/>.</summary>
    public required double? Retained { get; init; }

    /// <summary>The teacher's accuracy as it was given, 0–1; null where it was not, and <see cref="Estimate"/> is then as good as the
    /// teacher's probabilities.</summary>
    public required double? TeacherAccuracy { get; init; }

    /// <summary>Blocks that an interrupted run had fitted already.</summary>
    public required int ResumedFrom { get; init; }

    /// <summary>Shapes tried, by parameters, falling; empty where the shape was given.</summary>
    internal IReadOnlyList<FrontierPoint> Frontier { get; init; } = [];

    /// <summary>Wall seconds.</summary>
    public required double Seconds { get; init; }
}
