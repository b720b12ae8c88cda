// One number for each of four stages.

using System.Globalization;

namespace DataFreeKD.Models;

/// <summary>One number for each of four stages, compared by value.</summary>
/// <param name="First">Of the first stage.</param>
/// <param name="Second">Of the second.</param>
/// <param name="Third">Of the third.</param>
/// <param name="Fourth">Of the last.</param>
internal readonly record struct StageSizes(int First, int Second, int Third, int Fourth)
{
    /// <summary>The number of a stage, 0–3.</summary>
    public int this[int stage] =>
        stage switch
        {
            0 => First,
            1 => Second,
            2 => Third,
            3 => Fourth,
            _ => throw new ArgumentOutOfRangeException(nameof(stage)),
        };

    /// <summary>The four numbers.</summary>
    public int[] ToArray() => [First, Second, Third, Fourth];

    /// <summary>The four numbers with slashes between, as specs write them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}/{Second}/{Third}/{Fourth}");

    /// <summary>A number for each stage from a function of its index.</summary>
    internal static StageSizes From(Func<int, int> stage) => new(stage(0), stage(1), stage(2), stage(3));
}
