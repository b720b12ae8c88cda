// What time it is at the service: clocks of machines that share a plan may differ by any amount.

using System.Diagnostics;

namespace DataFreeKD.Storage.Parts;

/// <summary>Hears the dates of a service's answers.</summary>
/// <param name="inner">What sends the requests.</param>
internal sealed class ServerClock(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private volatile Tuple<DateTimeOffset, long>? last;

    /// <summary>The service's time, to the second; null as long as no answer had one.</summary>
    public DateTimeOffset? Now => last is { } heard ? heard.Item1 + Stopwatch.GetElapsedTime(heard.Item2) : null;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.Headers.Date is { } date)
            last = Tuple.Create(date, Stopwatch.GetTimestamp());
        return response;
    }
}
