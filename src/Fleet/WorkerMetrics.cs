// The worker's figures for whoever listens (OpenTelemetry, dotnet-counters).

using System.Diagnostics.Metrics;

namespace DataFreeKD.Fleet;

/// <summary>Instruments of the meter <c>DataFreeKD.Fleet</c>.</summary>
internal static class WorkerMetrics
{
    private static readonly Meter Meter = new("DataFreeKD.Fleet");
    private static readonly Counter<long> Shards = Meter.CreateCounter<long>("dfkd.worker.shards", "{shard}", "Shards taken, by outcome");
    private static readonly Counter<long> Rows = Meter.CreateCounter<long>("dfkd.worker.rows", "{row}", "Rows of finished shards");
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("dfkd.worker.seconds", "s", "Time of a shard");

    public static void Ended(string outcome, long rows, double seconds)
    {
        Shards.Add(1, KeyValuePair.Create<string, object?>("outcome", outcome));
        Rows.Add(rows);
        Seconds.Record(seconds, KeyValuePair.Create<string, object?>("outcome", outcome));
    }
}
