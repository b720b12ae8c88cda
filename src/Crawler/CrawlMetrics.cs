// The crawl's figures for whoever listens (OpenTelemetry, dotnet-counters).

using System.Diagnostics.Metrics;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler;

/// <summary>Instruments of the meter <c>DataFreeKD.Crawler</c>.</summary>
internal static class CrawlMetrics
{
    private static readonly Meter Meter = new("DataFreeKD.Crawler");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "dfkd.crawl.requests",
        "{request}",
        "Requests made, by HTTP status, or by reason where there was no answer"
    );
    private static readonly Histogram<double> Latency = Meter.CreateHistogram<double>(
        "dfkd.crawl.latency",
        "s",
        "Time to the headers of an answer"
    );
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("dfkd.crawl.bytes", "By", "Bytes of bodies, as sent");
    private static readonly Counter<long> Targets = Meter.CreateCounter<long>(
        "dfkd.crawl.targets",
        "{address}",
        "Addresses that came to their end, by status and reason"
    );
    private static readonly UpDownCounter<long> Flights = Meter.CreateUpDownCounter<long>(
        "dfkd.crawl.in_flight",
        "{address}",
        "Addresses being fetched"
    );

    public static void Requested(Fetched fetched)
    {
        Requests.Add(1, KeyValuePair.Create<string, object?>("outcome", fetched.Status != 0 ? fetched.Status : fetched.Reason));
        if (fetched.Status != 0)
            Latency.Record(fetched.Latency);
        if (fetched.Body is { } body)
            Bytes.Add(body.Length);
    }

    public static void Ended(JournalRow row) =>
        Targets.Add(
            1,
            KeyValuePair.Create<string, object?>("status", row.Status),
            KeyValuePair.Create<string, object?>("reason", row.Reason)
        );

    public static void InFlight(int change) => Flights.Add(change);
}
