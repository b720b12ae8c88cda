// Options of an estimate of a student's accuracy.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>Options of <see cref="EstimateRun"/>.</summary>
public sealed record EstimateOptions
{
    /// <summary>The student: model directory or checkpoint file.</summary>
    public required string Student { get; init; }

    /// <summary>The teacher: model directory or checkpoint file, with a classification head of the student's classes.</summary>
    public required string Teacher { get; init; }

    /// <summary>Top-1 that the teacher is known to reach on its own distribution, between chance and 1, both exclusive.</summary>
    /// <value>Null (default) takes its probabilities as they are.</value>
    public double? TeacherAccuracy { get; init; }

    /// <summary>Unlabelled images: a table with <c>path</c>, folder, archive or glob.</summary>
    /// <value>Null (default): the slice that the student's own distillation held out.</value>
    public string? Images { get; init; }

    /// <summary>Labelled images to check the estimate on: as <see cref="EvaluateOptions.Labelled"/>; null for none.</summary>
    public string? Labelled { get; init; }

    /// <summary>Heads of the student, where its checkpoint does not tell.</summary>
    public int? Heads { get; init; }

    /// <summary>Heads of the teacher, where its checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>Preprocessing of the student against its own config; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>Images a forward pass.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Workers that decode.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks every value.</summary>
    /// <exception cref="DistillException">The first value out of range, by name.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Student))
            throw new DistillException("the student is empty: name a model directory or a checkpoint");
        if (string.IsNullOrWhiteSpace(Teacher))
            throw new DistillException("the teacher is empty: name a model directory or a checkpoint");
        if (TeacherAccuracy is not (null or (> 0 and < 1)))
            throw new DistillException(
                FormattableString.Invariant($"teacher accuracy is {TeacherAccuracy}: must be between 0 and 1, as a share (0.7 for 70 %)")
            );
        if (Images is not null && string.IsNullOrWhiteSpace(Images))
            throw new DistillException("the images are empty: name a table, folder or archive, or leave them out for the held-out slice");
        if (Labelled is not null && string.IsNullOrWhiteSpace(Labelled))
            throw new DistillException("the labelled data is empty");
        if (BatchSize < 1)
            throw new DistillException($"batch size is {BatchSize}: must be above 0");
        if (Workers < 1)
            throw new DistillException($"workers is {Workers}: must be above 0");
    }
}
