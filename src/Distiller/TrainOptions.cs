// Options of supervised training: teachers and upper bounds.

namespace DataFreeKD.Distiller;

/// <summary>Options of <see cref="TrainRun"/>.</summary>
internal sealed record TrainOptions : LoopOptions
{
    /// <summary>A folder with one sub-folder a class, an archive with <c>class/name</c> members, or a table with <c>path</c> and
    /// <c>label</c>.</summary>
    public required string Labelled { get; init; }

    /// <summary>The model: a registry name, a free spec, or a model to go on from (directory or checkpoint file).</summary>
    public required string Model { get; init; }

    internal override string Learner => Model;

    /// <summary>Share of probability spread over the other classes, 0–1 exclusive.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check(!string.IsNullOrWhiteSpace(Labelled), "the labelled data is empty");
        Check(LabelSmoothing is >= 0 and < 1, $"label smoothing is {LabelSmoothing}: must be in [0, 1)");
    }
}
