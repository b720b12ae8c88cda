// One GET over HTTP, with every limit on it; never throws for what a server does.

using System.Diagnostics;
using System.Net.Http.Headers;
using DataFreeKD.Crawler.Politeness;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Speaks to servers. Redirects are told, not followed: whoever asked decides.</summary>
internal sealed class HttpExchange : IDisposable
{
    /// <summary>The name that robots.txt and opt-out headers address.</summary>
    public const string ProductToken = "DataFreeKD";

    private readonly HttpMessageInvoker http;
    private readonly WebOptions options;
    private readonly string userAgent,
        scratch;

    /// <param name="options">Limits and manners.</param>
    /// <param name="scratch">Folder for large bodies under way.</param>
    public HttpExchange(WebOptions options, string scratch)
    {
        this.scratch = scratch;
        this.options = options;
        userAgent = $"{ProductToken}/{Provenance.ToolVersion.Split('+')[0]}{(options.Contact is null ? "" : $" (+{options.Contact})")}";
        http = new HttpMessageInvoker(Connector.Handler(options));
    }

    /// <summary>Asks for <paramref name="address"/>.</summary>
    /// <param name="address">An http or https address.</param>
    /// <param name="maxBytes">Cap on the body, as sent and as unpacked.</param>
    /// <param name="etag">What an earlier answer said, for a conditional request.</param>
    /// <param name="lastModified">The same.</param>
    /// <param name="archives">Where an archive goes; null where none is welcome.</param>
    /// <param name="cancel">Also the limit on the whole answer.</param>
    /// <param name="partWillDo">Whether of a body beyond the cap its beginning is taken.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was.</exception>
    public async Task<Fetched> Get(
        Uri address,
        long maxBytes,
        string? etag,
        string? lastModified,
        ArchiveSink? archives,
        CancellationToken cancel,
        bool partWillDo = false
    )
    {
        Fetched empty = new() { Address = address };
        if (address.Scheme is not ("http" or "https"))
            return empty with { Reason = Reason.BadUrl };
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        request.Headers.TryAddWithoutValidation("Accept", "image/*, text/html;q=0.8, application/xml;q=0.8, */*;q=0.5");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, br");
        if (etag is not null)
            request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        if (lastModified is not null)
            request.Headers.TryAddWithoutValidation("If-Modified-Since", lastModified);

        archives?.Prepare(request);

        long start = Stopwatch.GetTimestamp();
        Fetched answer = empty;
        using CancellationTokenSource untilHeaders = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        untilHeaders.CancelAfter(options.HeadersTimeout);
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, untilHeaders.Token).ConfigureAwait(false);
            answer = Described(address, response, Stopwatch.GetElapsedTime(start).TotalSeconds);
            bool goesOn = archives?.GoesOn(response) ?? false;
            if ((answer.Reason is not null && !goesOn) || answer.Location is not null || answer.Status == 304)
                return answer.Status is 206 or 416 && archives is not null ? answer with { Reason = Reason.Reset } : answer;
            using CancellationTokenSource whole = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            (ArchiveFile? archive, Stream stream) = archives is null
                ? (null, await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false))
                : await archives.Take(response, goesOn, cancel).ConfigureAwait(false);
            if (archive is not null)
                return answer with { Archive = archive, Reason = null };
            // Where an archive is expected the timeout is longer than for anything else.
            whole.CancelAfter(options.BodyTimeout);
            Body body = await Body.Read(
                    stream,
                    response.Content.Headers.ContentLength,
                    [.. response.Content.Headers.ContentEncoding],
                    maxBytes,
                    scratch,
                    whole.Token,
                    partWillDo
                )
                .ConfigureAwait(false);
            return body.Length == 0 ? answer with { Reason = Reason.Empty } : answer with { Body = body };
        }
        catch (Exception error) when (error is not (OutOfMemoryException or ScratchException))
        {
            cancel.ThrowIfCancellationRequested();
            return answer with { Reason = FetchException.ReasonOf(error, inBody: answer.Status != 0) };
        }
    }

    public void Dispose() => http.Dispose();

    private static Fetched Described(Uri address, HttpResponseMessage response, double latency)
    {
        int status = (int)response.StatusCode;
        string? location = status is 301 or 302 or 303 or 307 or 308 ? First(response.Headers, "Location") ?? "" : null;
        return new Fetched
        {
            Address = address,
            Status = status,
            Location = location,
            Reason = location is not null || status is 200 or 203 or 304 ? null : Reason.Http(status),
            Headers =
            [
                .. response
                    .Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
                    .SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value))),
            ],
            Charset = Charset(response.Content.Headers),
            RetryAfter = RetryAfter.Parse(First(response.Headers, "Retry-After"), DateTimeOffset.UtcNow),
            Latency = latency,
        };
    }

    private static string? First(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;

    private static string? Charset(HttpContentHeaders headers)
    {
        try
        {
            return headers.ContentType?.CharSet?.Trim('"');
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
