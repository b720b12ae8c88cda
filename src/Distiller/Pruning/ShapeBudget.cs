// What a student may cost.

namespace DataFreeKD.Distiller.Pruning;

/// <summary>The unit of a budget.</summary>
public enum BudgetUnit
{
    /// <summary>Parameters: a share of the teacher's up to 1, a number above.</summary>
    Parameters,

    /// <summary>Multiply-accumulates of one image: a share of the teacher's up to 1, a number above.</summary>
    Macs,

    /// <summary>Milliseconds of one image alone on this machine.</summary>
    LatencyMs,
}

/// <summary>A bound on a student's cost.</summary>
/// <param name="Unit">What is counted.</param>
/// <param name="Value">At most so many; see the unit.</param>
public sealed record ShapeBudget(BudgetUnit Unit, double Value)
{
    /// <summary>Checks the value.</summary>
    /// <exception cref="DistillException">It is not above 0.</exception>
    public void Validate()
    {
        if (!(Value > 0) || !double.IsFinite(Value))
            throw new DistillException(FormattableString.Invariant($"the budget is {Value}: must be above 0"));
    }

    /// <summary>The bound as a number of the unit.</summary>
    /// <param name="teacher">What the teacher costs in that unit.</param>
    public double Bound(double teacher) => Unit != BudgetUnit.LatencyMs && Value <= 1 ? Value * teacher : Value;
}
