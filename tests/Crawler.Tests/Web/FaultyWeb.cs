// A web of a few hundred hosts on the loopback in which everything that can go wrong does.

using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataFreeKD.Crawler.Tests.Web;

/// <summary>Serves <c>http://anything.test:port/kind/number</c>: what comes depends on the kind. Hosts whose name starts with <c>nx</c> do not exist, <c>dead</c> refuses connections, <c>inner</c> has a private address, <c>moody</c> answers robots.txt with 503, <c>closed</c> forbids everything there.</summary>
internal sealed class FaultyWeb : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, int> visits = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> current = new(StringComparer.Ordinal);

    private FaultyWeb(WebApplication app) => this.app = app;

    /// <summary>The port of plain HTTP.</summary>
    public int Port { get; private set; }

    /// <summary>The port that answers in raw bytes, so that it can break the protocol.</summary>
    public int RawPort { get; private set; }

    /// <summary>Requests by <c>host/path</c>.</summary>
    public IReadOnlyDictionary<string, int> Visits => visits;

    /// <summary>The most requests that one host had at a time.</summary>
    public int MostAtATime { get; private set; }

    /// <summary>Answers of a test's own, by path; looked at first.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Own { get; } = new(StringComparer.Ordinal);

    public static async Task<FaultyWeb> Start()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        FaultyWeb? web = null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Run(connection => Raw(connection)));
        });
        WebApplication app = builder.Build();
        web = new FaultyWeb(app);
        app.Run(web.Answer);
        await app.StartAsync();
        int[] ports = [.. app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port)];
        (web.Port, web.RawPort) = (ports[0], ports[1]);
        return web;
    }

    /// <summary>The name look-up of this web.</summary>
    public static Task<IPAddress[]> Resolve(string host, CancellationToken cancel) => host switch
    {
        _ when host.StartsWith("nx", StringComparison.Ordinal) => throw new SocketException((int)SocketError.HostNotFound),
        _ when host.StartsWith("dead", StringComparison.Ordinal) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.99")]),
        _ when host.StartsWith("inner", StringComparison.Ordinal) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.1.2.3")]),
        _ => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
    };

    public string Url(string host, string path) => $"http://{host}.test:{Port}{path}";

    public string RawUrl(string host, string path) => $"http://{host}.test:{RawPort}{path}";

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task Answer(HttpContext context)
    {
        string host = context.Request.Host.Host, path = context.Request.Path;
        int visit = visits.AddOrUpdate(host + path, 1, (_, count) => count + 1);
        int together = current.AddOrUpdate(host, 1, (_, count) => count + 1);
        lock (visits) MostAtATime = Math.Max(MostAtATime, together);
        try
        {
            if (Own.TryGetValue(path, out Func<HttpContext, Task>? own)) await own(context);
            else if (path == "/robots.txt") await Robots(context, host);
            else await Kind(context, path.Split('/'), visit);
        }
        finally
        {
            current.AddOrUpdate(host, 0, (_, count) => count - 1);
        }
    }

    private static async Task Robots(HttpContext context, string host)
    {
        if (host.StartsWith("moody", StringComparison.Ordinal)) context.Response.StatusCode = 503;
        else if (host.StartsWith("closed", StringComparison.Ordinal)) await context.Response.WriteAsync("User-agent: *\nDisallow: /\n");
        else if (host.StartsWith("bare", StringComparison.Ordinal)) context.Response.StatusCode = 404;
        else await context.Response.WriteAsync("User-agent: *\nDisallow: /private/\n");
    }

    private async Task Kind(HttpContext context, string[] parts, int visit)
    {
        (string kind, int seed) = (parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture));
        HttpResponse response = context.Response;
        byte[] image = CrawlWorld.Bitmap(20, 16, seed);
        switch (kind)
        {
            case "hang":
            case "slow":
                if (kind == "slow")
                {
                    response.ContentLength = image.Length;
                    await response.Body.WriteAsync(image.AsMemory(0, 60));
                    await response.Body.FlushAsync();
                }
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                context.Abort();
                break;
            case "reset":
                context.Abort();
                break;
            case "r-once":
                response.Redirect(Url("elsewhere", $"/ok/{seed}"));
                break;
            case "r-loop":
                response.Redirect($"/r-loop2/{seed}");
                break;
            case "r-loop2":
                response.Redirect($"/r-loop/{seed}");
                break;
            case "r-many":
                response.Redirect($"/r-many/{seed}/{parts.Length}{string.Concat(Enumerable.Repeat("/x", parts.Length - 2))}");
                break;
            case "r-ftp":
                response.Headers.Location = "ftp://files.test/a.jpg";
                response.StatusCode = 302;
                break;
            case "r-inner":
                response.Redirect("http://169.254.169.254/latest/meta-data/");
                break;
            case "404" or "410" or "500" or "501" or "403":
                response.StatusCode = int.Parse(kind, CultureInfo.InvariantCulture);
                await response.WriteAsync("no");
                break;
            case "heals" when visit == 1:
                response.StatusCode = 503;
                break;
            case "busy" when visit == 1:
                response.StatusCode = 429;
                response.Headers.RetryAfter = "1";
                break;
            case "bomb":
                response.Headers.ContentEncoding = "gzip";
                await response.Body.WriteAsync(Bomb);
                break;
            case "gzip":
                response.Headers.ContentEncoding = "gzip";
                await response.Body.WriteAsync(Gzip(image));
                break;
            case "badgzip":
                response.Headers.ContentEncoding = "gzip";
                await response.Body.WriteAsync(image);
                break;
            case "long":
                response.ContentLength = 1L << 40;
                await response.Body.WriteAsync(image);
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                break;
            case "endless":
                byte[] block = new byte[64 << 10];
                for (int i = 0; i < 1000 && !context.RequestAborted.IsCancellationRequested; i++) await response.Body.WriteAsync(block);
                break;
            case "html":
                response.ContentType = "image/jpeg";
                await response.WriteAsync("<!DOCTYPE html><html><body>Sorry</body></html>");
                break;
            case "svg":
                response.ContentType = "image/png";
                await response.WriteAsync("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>");
                break;
            case "huge":
                BitConverter.TryWriteBytes(image.AsSpan(18), 60_000);
                BitConverter.TryWriteBytes(image.AsSpan(22), 60_000);
                await response.Body.WriteAsync(image);
                break;
            case "void":
                break;
            case "noise":
                await response.WriteAsync("\u0001 no image at all " + seed);
                break;
            case "small":
                await response.Body.WriteAsync(CrawlWorld.Bitmap(30, 4, seed));
                break;
            case "noai":
                response.Headers["X-Robots-Tag"] = "noai";
                await response.Body.WriteAsync(image);
                break;
            default:
                response.ContentType = "text/html";
                await response.Body.WriteAsync(image);
                break;
        }
    }

    // Answers that no proper server gives.
    private static async Task Raw(ConnectionContext connection)
    {
        while (true)
        {
            string? path = await RequestPath(connection);
            if (path is null) return;
            byte[] image = CrawlWorld.Bitmap(20, 16, path.Length > 1 && int.TryParse(path.Split('/')[^1], out int seed) ? seed : 0);
            (string head, byte[] body) = path.Split('/')[1] switch
            {
                "cut" => ($"HTTP/1.1 200 OK\r\nContent-Length: {image.Length}\r\n\r\n", image[..500]),
                "short" => ("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", image),
                "bighead" => ($"HTTP/1.1 200 OK\r\nX-Much: {new string('a', 64 << 10)}\r\nContent-Length: {image.Length}\r\n\r\n", image),
                "garbage" => ("SSH-2.0-OpenSSH_9.9\r\n\r\n", []),
                "mute" => ("", []),
                _ => ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Array.Empty<byte>()),
            };
            await connection.Transport.Output.WriteAsync(Encoding.Latin1.GetBytes(head));
            await connection.Transport.Output.WriteAsync(body);
            if (!head.Contains(" 404 ", StringComparison.Ordinal)) return;
        }
    }

    private static async Task<string?> RequestPath(ConnectionContext connection)
    {
        while (true)
        {
            ReadResult read = await connection.Transport.Input.ReadAsync();
            string text = Encoding.Latin1.GetString(read.Buffer);
            if (text.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
                return text.Split(' ')[1];
            }
            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted) return null;
        }
    }

    private static readonly byte[] Bomb = Gzip(new byte[64 << 20]);

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
