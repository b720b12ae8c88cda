// A web of hosts on the loopback of which a tenth carries a teacher's kind of images: what a budget finds with and without steering.
// dotnet DataFreeKD.CrawlSteering.dll serve POOL TRUTH.csv FOLDER HOSTS IMAGES PORT [SEED]
//   serves IMAGES of the pool from each of HOSTS addresses 127.0.0.2, ...; writes FOLDER/urls.txt (in random order) and FOLDER/truth.csv;
// FOLDER/ready appears when it listens.
// dotnet DataFreeKD.CrawlSteering.dll count FOLDER MANIFEST
//   prints the rows of a manifest, and how many of them are images of the teacher's kind.

using System.Globalization;
using System.Net;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["serve", string pool, string truth, string folder, string hosts, string images, string port, .. string[] rest]:
        await Serve(
            Deal(pool, truth, int.Parse(hosts), int.Parse(images), rest is [string seed] ? int.Parse(seed) : 0),
            folder,
            int.Parse(port)
        );
        return 0;
    case ["count", string folder, string manifest]:
        HashSet<string> wanted =
        [
            .. Rows(Path.Combine(folder, "truth.csv")).Where(row => row["in_distribution"] == "1").Select(row => row["url"]!),
        ];
        List<TableRow> rows = Rows(manifest);
        Console.WriteLine($"{rows.Count} {rows.Count(row => row["status"] == Status.Ok && wanted.Contains(row["source"]!))}");
        return 0;
    default:
        Console.Error.WriteLine("give: serve POOL TRUTH.csv FOLDER HOSTS IMAGES PORT [SEED], or: count FOLDER MANIFEST");
        return 2;
}

// Every tenth host gets images of the teacher's kind, the others the rest; copies are left out, broken files are not.
static List<(bool Wanted, byte[] Bytes)[]> Deal(string pool, string truth, int hosts, int images, int seed)
{
    Dictionary<string, bool> known = Rows(truth)
        .Where(row => !row["source"]!.Contains("duplicate", StringComparison.Ordinal))
        .ToDictionary(row => row["key"]!, row => row["in_distribution"] == "1");
    ILookup<bool, byte[]> files = ImageInputs
        .Enumerate(pool)
        .Where(image => image.Bytes is not null && known.ContainsKey(Path.GetFileName(image.Path.Split("::")[^1])))
        .ToLookup(image => known[Path.GetFileName(image.Path.Split("::")[^1])], image => image.Bytes!);
    Random random = new(seed);
    Queue<byte[]> wanted = new(files[true].OrderBy(_ => random.Next()));
    Queue<byte[]> others = new(files[false].OrderBy(_ => random.Next()));
    return
    [
        .. Enumerable
            .Range(0, hosts)
            .Select(host =>
                Enumerable.Range(0, images).Select(_ => host % 10 == 0 ? (true, wanted.Dequeue()) : (false, others.Dequeue())).ToArray()
            ),
    ];
}

static async Task Serve(List<(bool Wanted, byte[] Bytes)[]> hosts, string folder, int port)
{
    WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ClearProviders();
    // Each address by itself: nothing outside the loopback can connect.
    builder.WebHost.ConfigureKestrel(kestrel =>
    {
        for (int host = 0; host < hosts.Count; host++)
            kestrel.Listen(Address(host), port);
    });
    await using WebApplication app = builder.Build();
    app.Run(async context =>
    {
        int host = IndexOf(context.Connection.LocalIpAddress!.MapToIPv4());
        if (int.TryParse(context.Request.Path.Value.AsSpan(1), out int image) && image < hosts[host].Length)
            await context.Response.Body.WriteAsync(hosts[host][image].Bytes);
        else
            context.Response.StatusCode = StatusCodes.Status404NotFound;
    });
    await app.StartAsync();

    Directory.CreateDirectory(folder);
    (string Url, bool Wanted)[] urls =
    [
        .. hosts.SelectMany((images, host) => images.Select((image, at) => ($"http://{Address(host)}:{port}/{at}", image.Wanted))),
    ];
    new Random(hosts.Count).Shuffle(urls);
    File.WriteAllLines(Path.Combine(folder, "urls.txt"), urls.Select(url => url.Url));
    File.WriteAllLines(
        Path.Combine(folder, "truth.csv"),
        urls.Select(url => $"{url.Url},{(url.Wanted ? 1 : 0)}").Prepend("url,in_distribution")
    );
    File.WriteAllText(Path.Combine(folder, "ready"), "");
    await app.WaitForShutdownAsync();
}

static IPAddress Address(int host) => new([127, 0, (byte)((host + 2) >> 8), (byte)(host + 2)]);

static int IndexOf(IPAddress address) => address.GetAddressBytes() is [_, _, byte high, byte low] ? (high << 8) + low - 2 : -1;

static List<TableRow> Rows(string table)
{
    using TableReader reader = Table.Open(table);
    return [.. reader.Rows()];
}
