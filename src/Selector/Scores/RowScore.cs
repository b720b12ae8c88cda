// What a selection method is: the columns it reads, what it learns from a sample, and the score it gives a row.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>A method bound to one table. Scores are higher for more useful rows.</summary>
public abstract class RowScore
{
    /// <summary>The columns whose numbers <see cref="Evaluate"/> is given, in that order. A row that lacks one is not ranked.</summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>Whether <see cref="Fit"/> has to see a sample of the pool first.</summary>
    public virtual bool NeedsFit => false;

    /// <summary>Whether <see cref="Evaluate"/> looks at the row's identity.</summary>
    public virtual bool NeedsIdentity => false;

    /// <summary>What was taken from the pool, for the summary.</summary>
    public virtual IReadOnlyDictionary<string, string> Fitted => new Dictionary<string, string>();

    /// <summary>Takes statistics of the pool. Deterministic in the sample.</summary>
    /// <param name="sample">One array a column of <see cref="Columns"/>, all of the same length; at least one row, no NaN.</param>
    public virtual void Fit(IReadOnlyList<double[]> sample) { }

    /// <summary>The score of one row.</summary>
    /// <param name="values">The row's numbers in the order of <see cref="Columns"/>; no NaN.</param>
    /// <param name="identity">A 64-bit hash of the row's content (its sha256, else its path), for methods that need to tell rows
    /// apart.</param>
    public abstract double Evaluate(ReadOnlySpan<double> values, ulong identity);

    /// <summary>Refuses a table that lacks a method's columns.</summary>
    /// <exception cref="TableException">The message names the missing columns and what writes them.</exception>
    private protected static void Require(
        TableHeader header,
        string method,
        IReadOnlyList<string> columns,
        string cure,
        params string[] options
    )
    {
        string[] missing = [.. columns.Where(column => header.IndexOf(column) < 0)];
        if (missing.Length > 0)
            throw new TableException(
                $"{header.Source}: method '{method}' needs the column{(missing.Length > 1 ? "s" : "")} {string.Join(", ", missing)}, which the table lacks; {cure}"
            )
            {
                Options = options,
            };
    }
}
