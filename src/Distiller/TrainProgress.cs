// What a run tells while it goes.

namespace DataFreeKD.Distiller;

/// <summary>A moment of a run.</summary>
public sealed record TrainProgress
{
    /// <summary><c>decode</c>, <c>train</c> or <c>evaluate</c>.</summary>
    public required string Phase { get; init; }

    /// <summary>Images decoded, or steps done.</summary>
    public required long Done { get; init; }

    /// <summary>Images or steps in all.</summary>
    public required long Total { get; init; }

    /// <summary>Pass over the data, from 0.</summary>
    public double Epoch { get; init; }

    /// <summary>Mean total loss since the last report; NaN outside training.</summary>
    public double Loss { get; init; } = double.NaN;

    /// <summary>Mean weighted loss terms by name.</summary>
    public IReadOnlyDictionary<string, double> Terms { get; init; } = new Dictionary<string, double>();

    /// <summary>Learning rate in force.</summary>
    public double LearningRate { get; init; }

    /// <summary>Training (or decoding) speed since the last report.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Latest held-out score (agreement with the teacher, or accuracy), 0–1; NaN before the first.</summary>
    public double HeldOut { get; init; } = double.NaN;
}
