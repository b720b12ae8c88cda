// How to prune: which shape, on how many images, by which method.

namespace DataFreeKD.Distiller.Pruning;

/// <summary>How a student is fitted.</summary>
public enum PruneMethod
{
    /// <summary>The best that is known here: queries, keys and values are refitted for what attention makes of them, MLP units are left out
    /// by what the others cannot make up for, and the last block is fitted for the tokens that a head reads.</summary>
    Refined,

    /// <summary>Ridge regressions alone, MLP units by the spread of their activation and the length of what they write.</summary>
    Plain,
}

/// <summary>How a student is pruned from its teacher, whatever teacher and images come from.</summary>
public record PruneSettings
{
    /// <summary>The student's shape: a registry name or a free spec (<c>vit:img=32,patch=4,dim=90,depth=6,heads=3</c>) whose every size is
    /// at most the teacher's.</summary>
    /// <value>Null (default): a shape within <see cref="Size"/> is searched for.</value>
    public string? Student { get; init; }

    /// <summary>What the student may cost where no shape is given; null (default) for the knee of the frontier.</summary>
    public ShapeBudget? Size { get; init; }

    /// <summary>Whether shapes within <see cref="Size"/> are tried on held-out images; false takes the usual one of that size at once:
    /// all
    /// blocks and heads, a narrower MLP.</summary>
    /// <value>true.</value>
    public bool TriesShapes { get; init; } = true;

    /// <summary>How the student is fitted.</summary>
    public PruneMethod Method { get; init; }

    /// <summary>The teacher's blocks that the student keeps, ascending from 0.</summary>
    /// <value>Null (default): those that change the stream most.</value>
    public IReadOnlyList<int>? Blocks { get; init; }

    /// <summary>Images to fit on at most, drawn by the seed, 2 or more.</summary>
    public int Images { get; init; } = UsualImages;

    internal const int UsualImages = 1600;

    /// <summary>Share of the images held out, 0–0.5, as a distillation with the same seed holds them out.</summary>
    public double HoldOut { get; init; } = 0.05;

    /// <summary>Images that the student is measured on, at most.</summary>
    public int HeldOut { get; init; } = 1000;

    /// <summary>Images that a shape is tried on in a search, 2 or more.</summary>
    public int TrialImages { get; init; } = 400;

    /// <summary>Ridge penalty as a share of the mean diagonal of the normal equations, above 0.</summary>
    public double Penalty { get; init; } = 1e-3;

    /// <summary>Seed of the images drawn.</summary>
    public long Seed { get; init; }

    /// <summary>Images a batch.</summary>
    /// <value>Null (default): as many as make some thousands of tokens.</value>
    public int? BatchSize { get; init; }

    /// <summary>Top-1 that the teacher is known to reach, for the estimates of a search; null takes its probabilities as they
    /// are.</summary>
    public double? TeacherAccuracy { get; init; }

    /// <summary>Bytes of activations kept in memory; more go to a temporary file.</summary>
    public long MaxActivationMemory { get; init; } = 1L << 30;

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Workers that decode.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks every value.</summary>
    /// <exception cref="DistillException">The first value out of range, by name.</exception>
    public virtual void Validate()
    {
        Check(Student is null || Size is null, "a shape and a size exclude each other: leave one out");
        Check(Student is null || !string.IsNullOrWhiteSpace(Student), "the student is empty: give a registry name or vit:...");
        Check(
            TriesShapes || Size is { Unit: not BudgetUnit.LatencyMs },
            "without trials the shape follows from a budget of parameters or multiply-accumulates: give one"
        );
        Check(Blocks is null || Student is not null, "blocks go with a shape: give the student's shape too");
        Check(Images >= 2, $"images is {Images}: must be 2 or more");
        Check(HoldOut is >= 0 and <= 0.5, $"hold-out is {HoldOut}: must be in [0, 0.5]");
        Check(HeldOut >= 0, $"held out is {HeldOut}: must be 0 or more");
        Check(TrialImages >= 2, $"trial images is {TrialImages}: must be 2 or more");
        Check(Penalty > 0 && double.IsFinite(Penalty), $"penalty is {Penalty}: must be above 0");
        Check(BatchSize is null or > 0, $"batch size is {BatchSize}: must be above 0");
        Check(
            TeacherAccuracy is null or (> 0 and < 1),
            $"teacher accuracy is {TeacherAccuracy}: must be between 0 and 1, as a share (0.7 for 70 %)"
        );
        Check(MaxActivationMemory >= 0, $"activation memory is {MaxActivationMemory}: must be 0 or more");
        Check(Workers > 0, $"workers is {Workers}: must be above 0");
        Size?.Validate();
    }

    private protected static void Check(bool holds, string message)
    {
        if (!holds)
            throw new DistillException(message);
    }
}
