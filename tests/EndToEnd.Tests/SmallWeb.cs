// A web of one host on the loopback, with images and nothing that goes wrong.

using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Globalization;
using System.Net;
using DataFreeKD.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataFreeKD.EndToEnd.Tests;

/// <summary>Serves <c>/image/N</c>, <c>/private/N</c> (which robots.txt forbids) and <c>/shard.tar</c>.</summary>
internal sealed class SmallWeb : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, int> visits = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource opened = new();
    private readonly int holdAfter;
    private int images;

    private SmallWeb(WebApplication app, int holdAfter) => (this.app, this.holdAfter) = (app, holdAfter);

    /// <summary>Requests by path.</summary>
    public IReadOnlyDictionary<string, int> Visits => visits;

    /// <summary>Images asked for.</summary>
    public int Images => Volatile.Read(ref images);

    /// <summary>Starts it.</summary>
    /// <param name="holdAfter">So many images are served; the others wait for <see cref="Open"/>.</param>
    public static async Task<SmallWeb> Start(int holdAfter = int.MaxValue)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        SmallWeb web = new(app, holdAfter);
        app.Run(web.Answer);
        await app.StartAsync();
        return web;
    }

    public string Url(string path) => app.Urls.Single() + path;

    public void Open() => opened.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Open();
        using CancellationTokenSource now = new(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task Answer(HttpContext context)
    {
        string path = context.Request.Path;
        visits.AddOrUpdate(path, 1, (_, count) => count + 1);
        if (path.StartsWith("/image/", StringComparison.Ordinal))
        {
            if (Interlocked.Increment(ref images) > holdAfter)
                await opened.Task;
            await context.Response.Body.WriteAsync(
                NoiseBitmap.Of(20, 16, int.Parse(path["/image/".Length..], CultureInfo.InvariantCulture))
            );
        }
        else if (path == "/shard.tar")
        {
            await context.Response.Body.WriteAsync(Shard());
        }
        else if (path == "/robots.txt")
        {
            await context.Response.WriteAsync("User-agent: *\nDisallow: /private/\n");
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }

    private static byte[] Shard()
    {
        using MemoryStream bytes = new();
        using (TarWriter tar = new(bytes, leaveOpen: true))
        {
            for (int i = 0; i < 5; i++)
                tar.WriteEntry(
                    new UstarTarEntry(TarEntryType.RegularFile, $"{i}.bmp")
                    {
                        DataStream = new MemoryStream(NoiseBitmap.Of(20, 16, 1000 + i)),
                    }
                );
        }
        return bytes.ToArray();
    }
}
