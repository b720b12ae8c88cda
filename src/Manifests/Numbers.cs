// Numbers as text: invariant culture, round-trip precision.

namespace DataFreeKD.Manifests;

/// <summary>Formats and parses the numbers of tables.</summary>
public static class Numbers
{
    /// <summary>The shortest text that parses back to the same single; empty for NaN.</summary>
    public static string Format(float value) => throw new NotImplementedException();

    /// <summary>The shortest text that parses back to the same double; empty for NaN.</summary>
    public static string Format(double value) => throw new NotImplementedException();

    /// <summary>Parses an invariant number; NaN for an empty field.</summary>
    /// <exception cref="TableException">Not a number; the message names row and column.</exception>
    public static double Parse(string? field, TableRow row, string column) => throw new NotImplementedException();
}
