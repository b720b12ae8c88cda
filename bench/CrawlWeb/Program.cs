// A web on the loopback for the crawl benchmarks: writes urls.txt and expected.csv, then serves them until it is told to stop.
// dotnet DataFreeKD.CrawlWeb.dll FOLDER faulty|quick|photographs|tiny URLS HOSTS PORT [SEED]
//   faulty: every fault; quick: those that take no waiting; photographs: one image a URL; tiny: nine in ten are missing.
// http://127.10.0.1:PORT/.most answers with the most requests that one host had at a time, of those that the server ends by itself.
// FOLDER/ready appears when it listens. Ports PORT and PORT + 1 are used.

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using DataFreeKD.Crawler.Tests.Web;
using DataFreeKD.CrawlWeb;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not [string folder, string mix, string urls, string hostCount, string portText, .. string[] rest])
{
    Console.Error.WriteLine("give: FOLDER faulty|quick|photographs|tiny URLS HOSTS PORT [SEED]");
    return 2;
}
(int count, int port, int seed) = (int.Parse(urls), int.Parse(portText), rest is [string given] ? int.Parse(given) : 0);
Directory.CreateDirectory(folder);
WebPlan plan = new(mix, count, int.Parse(hostCount), port, seed);
plan.Write(folder);

Func<int, byte[]> image = mix == "photographs" ? new Photographs(seed).Of : SmallImages.Of;
ConcurrentDictionary<string, int> visits = new(StringComparer.Ordinal);
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.Limits.MinResponseDataRate = null;
    // Each address by itself: nothing outside the loopback can connect.
    foreach (IPAddress address in plan.Listening)
    {
        kestrel.Listen(address, port);
        kestrel.Listen(address, port + 1, listen => listen.Run(Faults.Raw));
    }
});
WebApplication app = builder.Build();
ConcurrentDictionary<string, int> current = new(StringComparer.Ordinal);
Lock gate = new();
int most = 0;
app.Run(async context =>
{
    string path = context.Request.Path,
        host = context.Request.Host.Host;
    if (path == "/.most")
    {
        await context.Response.WriteAsync($"{most}\n");
        return;
    }
    // What the client breaks off ends here later than there.
    if (WebPlan.EndsWithTheClient(path))
    {
        await Answer(context, path);
        return;
    }
    int together = current.AddOrUpdate(host, 1, (_, before) => before + 1);
    lock (gate)
        most = Math.Max(most, together);
    try
    {
        await Answer(context, path);
    }
    finally
    {
        current.AddOrUpdate(host, 0, (_, before) => before - 1);
    }
});
app.Lifetime.ApplicationStarted.Register(() => File.WriteAllText(Path.Combine(folder, "ready"), ""));
await app.RunAsync();
return 0;

Task Answer(HttpContext context, string path)
{
    if (path == "/robots.txt")
        return Faults.Robots(context, plan.RobotsOf(context.Request.Host.Host));
    // Only these care whether they were asked before.
    int visit =
        path.StartsWith("/heals/", StringComparison.Ordinal) || path.StartsWith("/busy/", StringComparison.Ordinal)
            ? visits.AddOrUpdate(path, 1, (_, before) => before + 1)
            : 1;
    return Faults.Answer(
        context,
        path.StartsWith("/same/", StringComparison.Ordinal) ? $"/same/{int.MaxValue}" : path,
        visit,
        image,
        plan.Elsewhere
    );
}
