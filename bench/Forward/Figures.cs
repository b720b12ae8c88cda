namespace DataFreeKD.Bench.Forward;

/// <summary>What was done, and how long it took.</summary>
/// <param name="Count">Images, or GFLOP.</param>
/// <param name="Seconds">Wall seconds.</param>
internal sealed record Figures(double Count, double Seconds);
