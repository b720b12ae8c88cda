// Where a run's figures go: metrics.csv and TensorBoard, fed by sums since the last row.

namespace DataFreeKD.Distiller.Training;

/// <summary>Sums step figures, writes a row each few steps.</summary>
internal sealed class RunLog : IDisposable
{
    private readonly MetricsLog metrics;
    private readonly EventFile events;

    public RunLog(string folder, IReadOnlyList<string> sums, IReadOnlyList<string> columns, int keep)
    {
        Sums = new double[sums.Count + 1];
        names = sums;
        metrics = new MetricsLog(Path.Combine(folder, "metrics.csv"), columns, keep);
        events = new EventFile(folder);
        foreach (MetricsRow row in metrics.Kept)
            events.Append(row.Step, row.Values);
        Last = metrics.Kept.Count > 0 ? metrics.Kept[^1] : null;
    }

    private readonly IReadOnlyList<string> names;

    /// <summary>Sums by name since the last row, then the number of steps in them: saved in checkpoints.</summary>
    public double[] Sums { get; }

    /// <summary>The last row written.</summary>
    public MetricsRow? Last { get; private set; }

    /// <summary>Adds one step's figures, in the order of the names.</summary>
    public void Add(ReadOnlySpan<double> figures)
    {
        for (int i = 0; i < figures.Length; i++)
            Sums[i] += figures[i];
        Sums[^1]++;
    }

    /// <summary>Writes the means and <paramref name="others"/> as a row, and starts new sums. <paramref name="timing"/> goes to TensorBoard
    /// only.</summary>
    public MetricsRow Write(int step, IReadOnlyDictionary<string, double> others, IReadOnlyDictionary<string, double> timing)
    {
        Dictionary<string, double> values = new(others);
        for (int i = 0; i < names.Count; i++)
            values[names[i]] = Sums[i] / Sums[^1];
        Array.Clear(Sums);
        Last = new MetricsRow(step, values);
        metrics.Append(Last);
        events.Append(step, values.Concat(timing));
        return Last;
    }

    /// <summary>Hands everything to the operating system: called before a checkpoint, so that the file never lags behind it.</summary>
    public void Flush()
    {
        metrics.Flush();
        events.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        metrics.Dispose();
        events.Dispose();
    }
}
