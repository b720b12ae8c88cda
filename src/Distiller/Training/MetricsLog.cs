// training/metrics.csv: one row each few steps, the mean since the last; continued without a seam on resume.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Training;

/// <summary>One row of metrics.csv. It holds nothing that depends on the clock, so an interrupted run's file equals an uninterrupted
/// one's.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Values">By column; NaN for an empty field.</param>
internal sealed record MetricsRow(int Step, IReadOnlyDictionary<string, double> Values);

/// <summary>Appends rows; flushed before every checkpoint.</summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly StreamWriter writer;
    private readonly IReadOnlyList<string> columns;

    /// <summary>Opens the file, keeping the rows up to step <paramref name="keep"/> and dropping what a killed run wrote after its
    /// checkpoint.</summary>
    public MetricsLog(string path, IReadOnlyList<string> columns, int keep)
    {
        this.columns = columns;
        string header = "step," + string.Join(',', columns);
        string[] old = keep > 0 && File.Exists(path) ? File.ReadAllLines(path) : [];
        string[] kept = old.Length > 0 && old[0] == header ? [.. old.Skip(1).Where(line => StepOf(line) is { } step && step <= keep)] : [];
        AtomicFile.WriteAllText(path, string.Concat(kept.Prepend(header).Select(line => line + "\n")));
        Kept = [.. kept.Select(Parse)];
        writer = new StreamWriter(path, append: true) { NewLine = "\n" };
    }

    /// <summary>Rows kept from the earlier part of the run.</summary>
    public IReadOnlyList<MetricsRow> Kept { get; }

    /// <summary>Appends a row.</summary>
    public void Append(MetricsRow row) =>
        writer.WriteLine(
            row.Step.ToString(CultureInfo.InvariantCulture)
                + ","
                + string.Join(',', columns.Select(column => Numbers.Format(row.Values.GetValueOrDefault(column, double.NaN))))
        );

    /// <summary>Hands everything to the operating system.</summary>
    public void Flush() => writer.Flush();

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    private static int? StepOf(string line) => int.TryParse(line.Split(',')[0], CultureInfo.InvariantCulture, out int step) ? step : null;

    private MetricsRow Parse(string line)
    {
        string[] fields = line.Split(',');
        return new MetricsRow(
            StepOf(line)!.Value,
            columns
                .Index()
                .ToDictionary(
                    column => column.Item,
                    column =>
                        fields[column.Index + 1] is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : double.NaN
                )
        );
    }
}
