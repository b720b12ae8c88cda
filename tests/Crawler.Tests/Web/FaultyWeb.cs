// A web of a few hundred hosts on the loopback in which everything that can go wrong does.

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DataFreeKD.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataFreeKD.Crawler.Tests.Web;

/// <summary>Serves <c>http://anything.test:port/kind/number</c>, answered by <see cref="Faults"/>. Hosts whose name starts with <c>nx</c>
/// do not exist, <c>dead</c> refuses connections, <c>inner</c> has a private address; the start of other names picks their
/// robots.txt.</summary>
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

    /// <summary>Starts one.</summary>
    /// <param name="hosts">Hosts that need no name look-up, for processes of their own: <see cref="Host"/>.</param>
    public static async Task<FaultyWeb> Start(int hosts = 0)
    {
        int port = 0;
        if (hosts > 0)
        {
            using TcpListener free = new(IPAddress.Loopback, 0);
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        FaultyWeb? web = null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port);
            for (int host = 0; host < hosts; host++)
                kestrel.Listen(IPAddress.Parse(Host(host)), port);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Run(Faults.Raw));
        });
        WebApplication app = builder.Build();
        web = new FaultyWeb(app);
        app.Run(web.Answer);
        await app.StartAsync();
        int[] ports =
        [
            .. app
                .Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
                .Features.Get<IServerAddressesFeature>()!
                .Addresses.Select(address => new Uri(address).Port),
        ];
        (web.Port, web.RawPort) = (ports[0], ports[^1]);
        return web;
    }

    /// <summary>The name look-up of this web.</summary>
    public static Task<IPAddress[]> Resolve(string host, CancellationToken cancel) =>
        host switch
        {
            _ when host.StartsWith("nx", StringComparison.Ordinal) => throw new SocketException((int)SocketError.HostNotFound),
            _ when host.StartsWith("dead", StringComparison.Ordinal) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.99")]),
            _ when host.StartsWith("inner", StringComparison.Ordinal) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.1.2.3")]),
            _ => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
        };

    /// <summary>An address of the loopback.</summary>
    public static string Host(int host) => $"127.77.0.{host + 1}";

    public string Url(int host, string path) => $"http://{Host(host)}:{Port}{path}";

    public string Url(string host, string path) => $"http://{host}.test:{Port}{path}";

    public string RawUrl(string host, string path) => $"http://{host}.test:{RawPort}{path}";

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task Answer(HttpContext context)
    {
        string host = context.Request.Host.Host,
            path = context.Request.Path;
        int visit = visits.AddOrUpdate(host + path, 1, (_, count) => count + 1);
        int together = current.AddOrUpdate(host, 1, (_, count) => count + 1);
        lock (visits)
            MostAtATime = Math.Max(MostAtATime, together);
        try
        {
            if (Own.TryGetValue(path, out Func<HttpContext, Task>? own))
                await own(context);
            else if (path == "/robots.txt")
                await Faults.Robots(context, host);
            else
                await Faults.Answer(context, path, visit, seed => NoiseBitmap.Of(20, 16, seed), Url("elsewhere", ""));
        }
        finally
        {
            current.AddOrUpdate(host, 0, (_, count) => count - 1);
        }
    }
}
