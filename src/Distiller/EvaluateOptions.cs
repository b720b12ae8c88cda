// Options of an evaluation.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>Options of an evaluation.</summary>
public sealed record EvaluateOptions
{
    /// <summary>Model directory or checkpoint file.</summary>
    public required string Model { get; init; }

    /// <summary>A folder with one sub-folder a class, an archive with <c>class/name</c> members, or a table with <c>path</c> and
    /// <c>label</c>.</summary>
    public required string Labelled { get; init; }

    /// <summary>A second model to compare with, usually the teacher.</summary>
    public string? Against { get; init; }

    /// <summary>Heads of the model, where its checkpoint does not tell.</summary>
    public int? Heads { get; init; }

    /// <summary>Heads of the second model, where its checkpoint does not tell.</summary>
    public int? AgainstHeads { get; init; }

    /// <summary>Preprocessing of the model against its own config; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>Preprocessing of the second model against its own config; null for its own.</summary>
    public PreprocessingOverride? AgainstPreprocessing { get; init; }

    /// <summary>What computes the model's logits <c>[B, C]</c> in its place, of normalised pixels <c>[B, 3, S, S]</c> and B: an export of
    /// it. Null for the model itself.</summary>
    public Func<float[], int, float[]>? Logits { get; init; }

    /// <summary>Images a forward pass.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Images at most, in the data's order; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Workers that decode.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks every value.</summary>
    /// <exception cref="DistillException">The first value out of range, by name.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Model))
            throw new DistillException("the model is empty");
        if (string.IsNullOrWhiteSpace(Labelled))
            throw new DistillException("the labelled data is empty");
        if (BatchSize < 1)
            throw new DistillException($"batch size is {BatchSize}: must be above 0");
        if (Limit is < 1)
            throw new DistillException($"limit is {Limit}: must be above 0");
        if (Workers < 1)
            throw new DistillException($"workers is {Workers}: must be above 0");
    }
}
