// An S3-compatible service on the loopback: lists in pages, reads by ranges, writes under conditions, and fails as it is told to.

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace DataFreeKD.Testing;

/// <summary>A request as it came.</summary>
/// <param name="Method">GET, HEAD, PUT or DELETE.</param>
/// <param name="Key">The object; empty for a listing.</param>
/// <param name="From">First byte of the range; 0 without one.</param>
/// <param name="To">Last byte of the range; null without one.</param>
internal sealed record BucketRequest(string Method, string Key, long From, long? To);

/// <summary>What happens to a request instead of its answer.</summary>
/// <param name="Status">The status that is answered.</param>
/// <param name="Code">The service's word for it.</param>
/// <param name="CutAfter">Bytes of the body after which the connection is lost.</param>
/// <param name="Silent">Whether nothing is answered at all until the client goes away.</param>
/// <param name="Unclear">Whether what is asked is done, and the connection lost before the answer.</param>
internal sealed record BucketFault(
    int Status = 0,
    string Code = "InternalError",
    int? CutAfter = null,
    bool Silent = false,
    bool Unclear = false
);

/// <summary>Bucket <c>photos</c> is open to all, bucket <c>closed</c> to whoever signs, bucket <c>elsewhere</c> is in another region; all
/// else does not exist. They hold <see cref="Objects"/>.</summary>
internal sealed class FakeBucket : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly CancellationTokenSource stop = new();

    private FakeBucket(WebApplication app) => this.app = app;

    /// <summary>The content; whoever changes it while it is asked holds its lock.</summary>
    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>When what is in <see cref="Objects"/> was written, as far as a request wrote it; under the same lock.</summary>
    public Dictionary<string, DateTimeOffset> Changed { get; } = new(StringComparer.Ordinal);

    /// <summary>The service's clock.</summary>
    public Func<DateTimeOffset> Clock { get; set; } = () => DateTimeOffset.UtcNow;

    /// <summary>Conditions of writing that the service takes no notice of: <c>If-None-Match</c>, <c>If-Match</c>.</summary>
    public HashSet<string> Ignored { get; } = [];

    /// <summary>Keys that are listed and then are not there.</summary>
    public HashSet<string> Gone { get; } = [];

    /// <summary>Keys that may be listed and not be read.</summary>
    public HashSet<string> Forbidden { get; } = [];

    /// <summary>Requests: <c>list</c> or the key.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>The same, as they came.</summary>
    public ConcurrentQueue<BucketRequest> Requests { get; } = new();

    /// <summary>Keys on a page of a listing.</summary>
    public int PageSize { get; set; } = 3;

    /// <summary>Told of every request before it is answered; what it gives happens instead.</summary>
    public Func<BucketRequest, BucketFault?> Fault { get; set; } = _ => null;

    public Uri Endpoint => new(app.Urls.Single());

    public static async Task<FakeBucket> Start()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        WebApplication app = builder.Build();
        FakeBucket bucket = new(app);
        app.Run(bucket.Answer);
        await app.StartAsync();
        return bucket;
    }

    /// <summary>The mark of a content.</summary>
    public static string ETagOf(byte[] content) => $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..32]}\"";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await app.StopAsync();
        await app.DisposeAsync();
        stop.Dispose();
    }

    private async Task Answer(HttpContext context)
    {
        // As it came: Kestrel's own path has lost dots and escapes.
        string[] target = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?', 2);
        string[] parts = target[0][1..].Split('/', 2);
        string key = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "";
        bool signed =
            context.Request.Query.ContainsKey("X-Amz-Signature")
            || context.Request.Headers.Authorization.ToString().StartsWith("AWS4-HMAC-SHA256", StringComparison.Ordinal);
        (long from, long? to) = RangeOf(context.Request.Headers.Range.ToString());
        BucketRequest request = new(context.Request.Method, key, from, to);
        Asked.Enqueue(key.Length == 0 ? "list" : key);
        Requests.Enqueue(request);
        BucketFault? fault = Fault(request);
        context.Response.Headers.Date = Clock().ToString("R", CultureInfo.InvariantCulture);
        if (fault is { Silent: true })
            await Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop.Token).Token);
        else if (fault is { Status: > 0 })
            await Refuse(context, fault.Status, fault.Code);
        else if (parts[0] == "elsewhere")
            await Redirect(context);
        else if (parts[0] is not ("photos" or "closed"))
            await Refuse(context, 404, "NoSuchBucket");
        else if (parts[0] == "closed" && !signed || Forbidden.Contains(key))
            await Refuse(context, 403, "AccessDenied");
        else if (key.Length == 0)
            await List(context);
        else if (request.Method == "PUT")
            await Put(context, key, fault is { Unclear: true });
        else if (request.Method == "DELETE")
            Delete(context, key);
        else
            await Get(context, key, request, fault?.CutAfter);
    }

    private async Task Get(HttpContext context, string key, BucketRequest request, int? cutAfter)
    {
        if (Gone.Contains(key) || Content(key) is not { } bytes)
        {
            await Refuse(context, 404, "NoSuchKey");
            return;
        }
        string tag = ETagOf(bytes);
        context.Response.Headers.ETag = tag;
        context.Response.Headers.AcceptRanges = "bytes";
        lock (Objects)
            context.Response.Headers.LastModified = Changed.GetValueOrDefault(key, Clock()).ToString("R", CultureInfo.InvariantCulture);
        if (context.Request.Headers.IfMatch.ToString() is { Length: > 0 } expected && expected != tag)
        {
            await Refuse(context, 412, "PreconditionFailed");
            return;
        }
        if (request.To is { } to)
        {
            if (request.From >= bytes.Length)
            {
                await Refuse(context, 416, "InvalidRange");
                return;
            }
            to = Math.Min(to, bytes.Length - 1);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = string.Create(
                CultureInfo.InvariantCulture,
                $"bytes {request.From}-{to}/{bytes.Length}"
            );
            bytes = bytes[(int)request.From..((int)to + 1)];
        }
        context.Response.ContentLength = bytes.Length;
        if (request.Method == "HEAD")
            return;
        if (cutAfter is not { } cut || cut >= bytes.Length)
        {
            await context.Response.Body.WriteAsync(bytes);
            return;
        }
        await context.Response.Body.WriteAsync(bytes.AsMemory(0, cut));
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private async Task Put(HttpContext context, string key, bool unclear)
    {
        if (context.Request.Headers.ContentEncoding.ToString().Contains("aws-chunked", StringComparison.Ordinal))
        {
            await Refuse(context, 501, "NotImplemented");
            return;
        }
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        byte[] bytes = body.ToArray();
        string said = context.Request.Headers["x-amz-content-sha256"].ToString();
        if (said.Length == 64 && said != Convert.ToHexStringLower(SHA256.HashData(bytes)))
        {
            await Refuse(context, 400, "XAmzContentSHA256Mismatch");
            return;
        }
        string ifMatch = Ignored.Contains("If-Match") ? "" : context.Request.Headers.IfMatch.ToString();
        bool isNew = !Ignored.Contains("If-None-Match") && context.Request.Headers.IfNoneMatch == "*";
        (int Status, string Code) refusal;
        lock (Objects)
        {
            byte[]? there = Objects.GetValueOrDefault(key);
            refusal =
                isNew && there is not null ? (412, "PreconditionFailed")
                : ifMatch.Length == 0 || there is not null && ETagOf(there) == ifMatch ? default
                : there is null ? (404, "NoSuchKey")
                : (412, "PreconditionFailed");
            if (refusal.Status == 0)
            {
                Objects[key] = bytes;
                Changed[key] = Clock();
            }
        }
        if (unclear)
            context.Abort();
        else if (refusal.Status > 0)
            await Refuse(context, refusal.Status, refusal.Code);
        else
            context.Response.Headers.ETag = ETagOf(bytes);
    }

    private void Delete(HttpContext context, string key)
    {
        lock (Objects)
            Objects.Remove(key);
        context.Response.StatusCode = 204;
    }

    private async Task List(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        string prefix = query["prefix"].ToString(),
            delimiter = query["delimiter"].ToString();
        bool encoded = query["encoding-type"] == "url";
        string Written(string key) => encoded ? WebUtility.UrlEncode(key) : SecurityElement.Escape(key);
        List<(string Key, bool IsPrefix, string Entry)> entries = [];
        lock (Objects)
        {
            foreach ((string key, byte[] bytes) in Objects.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                int end = delimiter.Length == 0 ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
                if (end < 0)
                    entries.Add(
                        (
                            key,
                            false,
                            $"<Contents><Key>{Written(key)}</Key><Size>{bytes.Length}</Size><ETag>{SecurityElement.Escape(ETagOf(bytes))}</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                        )
                    );
                else if (entries.Count == 0 || entries[^1].Key != key[..(end + delimiter.Length)])
                    entries.Add(
                        (
                            key[..(end + delimiter.Length)],
                            true,
                            $"<CommonPrefixes><Prefix>{Written(key[..(end + delimiter.Length)])}</Prefix></CommonPrefixes>"
                        )
                    );
            }
        }
        int from = int.Parse(
                query.TryGetValue("continuation-token", out StringValues token) ? token.ToString() : "0",
                CultureInfo.InvariantCulture
            ),
            to = Math.Min(from + PageSize, entries.Count);
        string next =
            to < entries.Count
                ? FormattableString.Invariant($"<IsTruncated>true</IsTruncated><NextContinuationToken>{to}</NextContinuationToken>")
                : "<IsTruncated>false</IsTruncated>";
        List<(string Key, bool IsPrefix, string Entry)> page = entries[from..to];
        string contents = string.Concat(page.OrderBy(one => one.IsPrefix).Select(one => one.Entry));
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync(
            $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>photos</Name><EncodingType>{(encoded ? "url" : "")}</EncodingType>{next}{contents}</ListBucketResult>"
        );
    }

    private byte[]? Content(string key)
    {
        lock (Objects)
            return Objects.GetValueOrDefault(key);
    }

    private static (long From, long? To) RangeOf(string header)
    {
        if (!header.StartsWith("bytes=", StringComparison.Ordinal))
            return (0, null);
        string[] ends = header["bytes=".Length..].Split('-');
        return (
            long.Parse(ends[0], CultureInfo.InvariantCulture),
            ends[1].Length == 0 ? long.MaxValue : long.Parse(ends[1], CultureInfo.InvariantCulture)
        );
    }

    private static Task Redirect(HttpContext context)
    {
        context.Response.Headers["x-amz-bucket-region"] = "eu-central-1";
        return Refuse(context, 301, "PermanentRedirect");
    }

    private static async Task Refuse(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        if (context.Request.Method == "HEAD")
            return;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync(
            $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
        );
    }
}
