// What an estimate of a student's accuracy found.

namespace DataFreeKD.Distiller;

/// <summary>An expectation over some of the images.</summary>
/// <param name="Images">How many.</param>
/// <param name="Accuracy">Mean of the teacher's probability of the student's decision, 0–1.</param>
/// <param name="StandardError">Of <paramref name="Accuracy"/>, from sampling the images and from fitting the temperature on them.</param>
/// <param name="Temperature">The teacher's logits were divided by it; 1 leaves them as they are.</param>
public sealed record ExpectedAccuracy(int Images, double Accuracy, double StandardError, double Temperature);

/// <summary>The estimate beside the truth.</summary>
public sealed record LabelledCheck
{
    /// <summary>The labelled data.</summary>
    public required string Data { get; init; }

    /// <summary>Images judged.</summary>
    public required long Images { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>The student's top-1, 0–1.</summary>
    public required double Top1 { get; init; }

    /// <summary>Estimate − top-1.</summary>
    public required double Error { get; init; }

    /// <summary>Whether the interval holds top-1.</summary>
    public required bool Held { get; init; }
}

/// <summary>What an estimate found.</summary>
public sealed record EstimateReport
{
    /// <summary>The student.</summary>
    public required string Student { get; init; }

    /// <summary>The teacher.</summary>
    public required string Teacher { get; init; }

    /// <summary>Where the images are from: the selection whose held-out slice they are, or what was given.</summary>
    public required string Source { get; init; }

    /// <summary>Whether they are the slice that the student's own distillation held out.</summary>
    public required bool HeldOut { get; init; }

    /// <summary>Images judged.</summary>
    public required int Images { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>The estimated top-1, 0–1.</summary>
    public required double Estimate { get; init; }

    /// <summary>The same as a share of the teacher's own accuracy, as given or as its probabilities have it, 0–1.</summary>
    public required double Retained { get; init; }

    /// <summary>Lower end of its range.</summary>
    public required double RetainedLow { get; init; }

    /// <summary>Upper end of its range.</summary>
    public required double RetainedHigh { get; init; }

    /// <summary>Lower end of the range (95 % for the sample alone; not for how the images differ from the teacher's data), 0–1.</summary>
    public required double Low { get; init; }

    /// <summary>Upper end of the range (95 % for the sample alone; not for how the images differ from the teacher's data), 0–1.</summary>
    public required double High { get; init; }

    /// <summary>Over all images: what <see cref="Estimate"/> is taken from.</summary>
    public required ExpectedAccuracy All { get; init; }

    /// <summary>Over the half of the images that the teacher is surest to know, by its energy.</summary>
    public required ExpectedAccuracy Familiar { get; init; }

    /// <summary>Over the other half.</summary>
    public required ExpectedAccuracy Unfamiliar { get; init; }

    /// <summary>The teacher's accuracy as it was given; null where it was not.</summary>
    public double? TeacherAccuracy { get; init; }

    /// <summary>Mean of the teacher's greatest probability over the images, as it comes (temperature 1), 0–1.</summary>
    public required double TeacherConfidence { get; init; }

    /// <summary>Share of images on which student and teacher decide alike, 0–1.</summary>
    public required double Agreement { get; init; }

    /// <summary>Agreement × teacher accuracy: a plain figure to compare with, which counts every disagreement as an error; null without a
    /// teacher accuracy.</summary>
    public double? AgreementTimesAccuracy { get; init; }

    /// <summary>What should make a reader cautious, in words.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The truth, where labels were given.</summary>
    public LabelledCheck? Labelled { get; init; }

    /// <summary>Wall seconds.</summary>
    public required double Seconds { get; init; }
}
