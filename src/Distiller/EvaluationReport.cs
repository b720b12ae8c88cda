// What an evaluation found.

namespace DataFreeKD.Distiller;

/// <summary>Accuracy of one class.</summary>
/// <param name="Name">Class name.</param>
/// <param name="Images">Images of the class.</param>
/// <param name="Accuracy">Top-1 within the class, 0–1; NaN without images.</param>
public sealed record ClassAccuracy(string Name, long Images, double Accuracy);

/// <summary>Comparison with a second model on the same images.</summary>
public sealed record ComparisonReport
{
    /// <summary>The second model.</summary>
    public required string Model { get; init; }

    /// <summary>Its top-1, 0–1.</summary>
    public required double Top1 { get; init; }

    /// <summary>Share of images on which both decide alike, 0–1.</summary>
    public required double Agreement { get; init; }

    /// <summary>Mean KL(second ‖ model) of the probabilities, nats.</summary>
    public required double Divergence { get; init; }

    /// <summary>Its parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Its multiply-accumulates an image.</summary>
    public required long Macs { get; init; }

    /// <summary>Its speed of forward passes alone.</summary>
    public required double ImagesPerSecond { get; init; }
}

/// <summary>What an evaluation found.</summary>
public sealed record EvaluationReport
{
    /// <summary>The model.</summary>
    public required string Model { get; init; }

    /// <summary>The data.</summary>
    public required string Data { get; init; }

    /// <summary>Images judged.</summary>
    public required long Images { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Share of images whose label is the most probable class, 0–1.</summary>
    public required double Top1 { get; init; }

    /// <summary>Share of images whose label is among the five most probable classes (all, where there are fewer), 0–1.</summary>
    public required double Top5 { get; init; }

    /// <summary>Mean of the per-class accuracies over classes with images, 0–1.</summary>
    public required double BalancedTop1 { get; init; }

    /// <summary>Mean −ln p of the label, nats.</summary>
    public required double NegativeLogLikelihood { get; init; }

    /// <summary>Mean of the greatest probability, 0–1.</summary>
    public required double MeanConfidence { get; init; }

    /// <summary>Expected calibration error over 15 equal bins of confidence (Guo et al., 2017), 0–1.</summary>
    public required double CalibrationError { get; init; }

    /// <summary>By class index.</summary>
    public required IReadOnlyList<ClassAccuracy> Classes { get; init; }

    /// <summary>Counts by [label][decision].</summary>
    public required IReadOnlyList<IReadOnlyList<long>> Confusion { get; init; }

    /// <summary>Parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-accumulates of one image's forward pass.</summary>
    public required long Macs { get; init; }

    /// <summary>Speed of forward passes alone.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Wall seconds, decoding included.</summary>
    public required double Seconds { get; init; }

    /// <summary>The second model; null where none was given.</summary>
    public ComparisonReport? Against { get; init; }
}
