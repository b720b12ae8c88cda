// What to select from which table, and how much: everything with a default except the two paths and a budget.

using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Selector;

/// <summary>Options of a selection. Exactly one of <see cref="Budget"/>, <see cref="Fraction"/> and <see cref="Threshold"/> sets its size,
/// unless <see cref="PerClass"/> does.</summary>
public sealed record SelectOptions
{
    /// <summary>The scores table to select from, .csv or .parquet.</summary>
    public required string Scores { get; init; }

    /// <summary>The selection to write, .csv or .parquet; its provenance goes beside it.</summary>
    public required string Output { get; init; }

    /// <summary>Whether to replace a selection that is there; else it is refused.</summary>
    /// <value>Default: false.</value>
    public bool Overwrite { get; init; }

    /// <summary>How rows are ranked: a name of <see cref="ScoreCatalogue"/>.</summary>
    /// <value>Default: <c>combined</c>.</value>
    public string Method { get; init; } = ScoreCatalogue.Default;

    /// <summary>How many rows to take.</summary>
    public long? Budget { get; init; }

    /// <summary>Which part of the usable rows to take, in (0, 1]; rounded to the nearest row.</summary>
    public double? Fraction { get; init; }

    /// <summary>Take every row whose selection score (higher = more useful) is at least this.</summary>
    public double? Threshold { get; init; }

    /// <summary>How a budget is shared among the predicted classes.</summary>
    /// <value>Default: <see cref="ClassQuota.Floor"/> for a budget or a fraction; a threshold takes what passes it.</value>
    public ClassQuota Quota { get; init; } = ClassQuota.Floor;

    /// <summary>Rows to take of each class, by class name or prediction; <c>*</c> stands for every class not named (else they get none).
    /// Sets the budget and <see cref="ClassQuota.PerClass"/> by itself.</summary>
    public IReadOnlyDictionary<string, long> PerClass { get; init; } = new Dictionary<string, long>();

    /// <summary>A table with the columns <c>class</c> and either <c>share</c> (of the budget) or <c>count</c> (a size by itself), .csv or
    /// .parquet; classes as in <see cref="PerClass"/>. Null for <see cref="Quota"/>.</summary>
    public string? QuotaFile { get; init; }

    /// <summary>Near duplicates, spread, difficulty, order.</summary>
    public SetOptions Set { get; init; } = new();

    /// <summary>Whether to take each content (sha256) once only: its best row, of equals the first.</summary>
    /// <value>Default: true.</value>
    public bool DropDuplicates { get; init; } = true;

    /// <summary>The probed blocks to use, 0-based; empty for the method's own choice.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [];

    /// <summary>For the method <c>learned</c>: a scores table, by the same teacher, of images that nobody wants.</summary>
    public string? Negatives { get; init; }

    /// <summary>What the <c>weight</c> column says.</summary>
    /// <value>Default: <see cref="RowWeight.Uniform"/>.</value>
    public RowWeight Weight { get; init; } = RowWeight.Uniform;

    /// <summary>Seed of the random method and of the bounded sample that score statistics come from.</summary>
    /// <value>Default: 0.</value>
    public long Seed { get; init; }

    /// <summary>The most rows that score statistics (medians, deviations, ranks) are taken from; a smaller table is used whole.</summary>
    /// <value>Default: 200,000.</value>
    public int SampleRows { get; init; } = 200_000;

    /// <summary>Checks that the options make sense together.</summary>
    /// <exception cref="SelectionException">They do not; the message says what to change.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Scores))
            throw new SelectionException("no scores table is named; give the scores.csv to select from");
        if (string.IsNullOrEmpty(Output))
            throw new SelectionException("no output is named; give the table to write, e.g. -o selected.csv");
        if (Path.GetFullPath(Scores) == Path.GetFullPath(Output))
            throw new SelectionException($"the selection would overwrite its own scores {Scores}; name another output");
        ScoreCatalogue.Find(Method);
        int sizes = (Budget.HasValue ? 1 : 0) + (Fraction.HasValue ? 1 : 0) + (Threshold.HasValue ? 1 : 0) + (PerClass.Count > 0 ? 1 : 0);
        if (QuotaFile is not null && (Threshold.HasValue || PerClass.Count > 0))
            throw new SelectionException("a file of quotas, a threshold and rows per class exclude each other; give one");
        // A file of counts is a size by itself, which is known once it is read.
        if (sizes != 1 && !(sizes == 0 && QuotaFile is not null))
            throw new SelectionException(
                $"{(sizes == 0 ? "no" : "more than one")} size of the selection is given; give exactly one of a budget, a fraction, a threshold or rows per class"
            );
        if (Budget is < 1)
            throw new SelectionException($"a budget of {Budget} selects nothing; give at least 1");
        if (Fraction is { } fraction && !(fraction is > 0 and <= 1))
            throw new SelectionException($"a fraction of {fraction} is not in (0, 1]; give e.g. 0.1 for a tenth");
        if (Threshold is { } threshold && !double.IsFinite(threshold))
            throw new SelectionException("the threshold is not a finite number");
        if (Quota == ClassQuota.PerClass && PerClass.Count == 0)
            throw new SelectionException("rows per class are asked for but none given; give e.g. cat=100,dog=50 or *=100");
        foreach ((string name, long rows) in PerClass)
        {
            if (rows < 0)
                throw new SelectionException($"class '{name}' cannot have {rows} rows; give 0 or more");
        }
        if (PerClass.Count > 0 && PerClass.Values.Sum() == 0)
            throw new SelectionException("every class is given 0 rows, which selects nothing");
        if (Blocks.Any(block => block < 0))
            throw new SelectionException("a block is negative; blocks count from 0");
        if (Blocks.Distinct().Count() != Blocks.Count)
            throw new SelectionException("a block is named twice; name each once");
        Set.Validate(!Threshold.HasValue);
        if (SampleRows < 1)
            throw new SelectionException("statistics need a sample of at least 1 row");
    }
}

/// <summary>How a budget is shared among classes (by the teacher's prediction).</summary>
public enum ClassQuota
{
    /// <summary>The best rows whatever their class.</summary>
    None,

    /// <summary>As even as the pool allows: what small classes lack goes to the others.</summary>
    Equal,

    /// <summary>In proportion to the teacher's predictions: to the usable rows of the pool that it puts into each class, copies
    /// counted.</summary>
    Teacher,

    /// <summary>The numbers of <see cref="SelectOptions.PerClass"/>.</summary>
    PerClass,

    /// <summary>The best rows whatever their class, but of each class at least a part of an equal share, or all it has.</summary>
    Floor,
}

/// <summary>What the <c>weight</c> column of a selection says.</summary>
public enum RowWeight
{
    /// <summary>1 for every row.</summary>
    Uniform,

    /// <summary>Inverse to the size of the row's class, mean 1: every class weighs the same in total.</summary>
    Balanced,

    /// <summary>Linear in the rank, from 3/2 for the best row to 1/2 for the last; equal scores weigh the same.</summary>
    Score,
}
