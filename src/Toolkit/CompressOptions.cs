// Options of a compression: a teacher, images, a folder; everything else has a default.

using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Models;

namespace DataFreeKD.Toolkit;

/// <summary>Options of <see cref="CompressRun"/>.</summary>
public sealed record CompressOptions
{
    /// <summary>The Vision Transformer to compress: model directory or checkpoint, with a classification head; <c>FILE#KEY</c> names one
    /// of several networks in a file.</summary>
    public required string Teacher { get; init; }

    /// <summary>Unlabelled images: folders, globs, archives, tables with a <c>path</c> column; web addresses, <c>s3://bucket/prefix</c> or
    /// lists of addresses, which are crawled first.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>Folder of all outputs; what an interrupted call left in it is gone on with.</summary>
    public required string Output { get; init; }

    /// <summary>Wall minutes to train after pruning, 0 or more; 0 prunes only.</summary>
    public double Minutes { get; init; } = 10;

    /// <summary>Optimiser steps after pruning, above 0, in place of <see cref="Minutes"/>: the same result whatever the machine's speed;
    /// null (default) takes the minutes.</summary>
    public int? Steps { get; init; }

    /// <summary>Shape of the student; null (default) searches for one within <see cref="Size"/>.</summary>
    public string? Student { get; init; }

    /// <summary>What the student may cost; null (default) takes the knee of the frontier.</summary>
    public ShapeBudget? Size { get; init; }

    /// <summary>Images to select.</summary>
    /// <value>Null (default): all up to 4,000, else a fifth of them, 4,000 to 20,000.</value>
    public long? Budget { get; init; }

    /// <summary>Top-1 that the teacher reaches on its own distribution, between 0 and 1; null (default) where nobody knows it: the estimate
    /// is then relative to the teacher.</summary>
    public double? TeacherAccuracy { get; init; }

    /// <summary>Heads of the teacher, where its checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>Preprocessing of the teacher against its own config; null (default) for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>Seed of everything random.</summary>
    public long Seed { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    internal bool Trains => Steps is not null || Minutes > 0;

    /// <summary>Checks the options.</summary>
    /// <exception cref="CompressException">The first that cannot be used, by name.</exception>
    /// <exception cref="ModelException">A value of the preprocessing that is out of range.</exception>
    public void Validate()
    {
        Check(!string.IsNullOrWhiteSpace(Teacher), "the teacher is empty: name a model directory or a checkpoint");
        Check(Path.Exists(ModelStore.PlaceOf(Teacher)), $"the teacher {Teacher}: there is no such file or folder");
        Preprocessing?.Validate();
        Check(Sources.Count > 0, "there are no sources: name folders, archives, tables or addresses of images");
        Check(!string.IsNullOrWhiteSpace(Output), "the output is empty: name a folder");
        Check(!File.Exists(Output), $"{Output} is a file; name a folder for the outputs");
        Check(Minutes >= 0 && double.IsFinite(Minutes), FormattableString.Invariant($"minutes is {Minutes}: must be 0 or more"));
        Check(Steps is null or > 0, $"steps is {Steps}: must be 1 or more");
        Check(Student is null || Size is null, "a shape and a size exclude each other: leave one out");
        Check(Budget is null or > 0, $"budget is {Budget}: must be 1 or more");
    }

    private static void Check(bool holds, string message)
    {
        if (!holds)
            throw new CompressException(message);
    }
}
