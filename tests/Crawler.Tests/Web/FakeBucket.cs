// An S3-compatible service of one bucket, on the loopback: ListObjectsV2 in pages, and GET.

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace DataFreeKD.Crawler.Tests.Web;

/// <summary>Bucket <c>photos</c> is open to all, bucket <c>closed</c> to whoever signs; all else does not exist. Both hold
/// <see cref="Objects"/>.</summary>
internal sealed class FakeBucket : IAsyncDisposable
{
    private const int PageSize = 3;

    private readonly WebApplication app;

    private FakeBucket(WebApplication app) => this.app = app;

    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys that are listed and then are not there.</summary>
    public HashSet<string> Gone { get; } = [];

    /// <summary>Keys that may be listed and not be read.</summary>
    public HashSet<string> Forbidden { get; } = [];

    /// <summary>Requests: <c>list</c> or the key.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public Uri Endpoint => new(app.Urls.Single());

    public static async Task<FakeBucket> Start()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        FakeBucket bucket = new(app);
        app.Run(bucket.Answer);
        await app.StartAsync();
        return bucket;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
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
        Asked.Enqueue(key.Length == 0 ? "list" : key);
        if (parts[0] is not ("photos" or "closed"))
            await Refuse(context, 404, "NoSuchBucket");
        else if (parts[0] == "closed" && !signed || Forbidden.Contains(key))
            await Refuse(context, 403, "AccessDenied");
        else if (key.Length == 0)
            await List(context);
        else if (Gone.Contains(key) || !Objects.TryGetValue(key, out byte[]? bytes))
            await Refuse(context, 404, "NoSuchKey");
        else
            await context.Response.Body.WriteAsync(bytes);
    }

    private async Task List(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        string[] keys = [.. Objects.Keys.Where(key => key.StartsWith(query["prefix"].ToString(), StringComparison.Ordinal))];
        int from = int.Parse(
                query.TryGetValue("continuation-token", out StringValues token) ? token.ToString() : "0",
                CultureInfo.InvariantCulture
            ),
            to = Math.Min(from + PageSize, keys.Length);
        bool encoded = query["encoding-type"] == "url";
        string contents = string.Concat(
            keys[from..to]
                .Select(key =>
                    $"<Contents><Key>{(encoded ? WebUtility.UrlEncode(key) : SecurityElement.Escape(key))}</Key><Size>{Objects[key].Length}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
        );
        string next =
            to < keys.Length
                ? FormattableString.Invariant($"<IsTruncated>true</IsTruncated><NextContinuationToken>{to}</NextContinuationToken>")
                : "<IsTruncated>false</IsTruncated>";
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync(
            $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>photos</Name><EncodingType>{(encoded ? "url" : "")}</EncodingType>{next}{contents}</ListBucketResult>"
        );
    }

    private static async Task Refuse(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync(
            $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
        );
    }
}
