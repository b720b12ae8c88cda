// Every address of a web full of faults ends in one row with exactly the reason it should have.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class FaultyWebTests(ITestOutputHelper output)
{
    /// <summary>Hosts of which every address ends alike.</summary>
    private static readonly (string Name, string Expected)[] Hosts =
    [
        ("nx", "failed/dns_error"),
        ("dead", "failed/connect_failed"),
        ("inner", "rejected/address_refused"),
        ("moody", "rejected/robots_unreachable"),
        ("closed", "rejected/robots"),
        ("bare", "ok"),
        ("named", "rejected/robots"),
        ("looping", "ok"),
        ("vast", "ok"),
        ("garbled", "ok"),
        ("torn", "rejected/robots_unreachable"),
    ];

    /// <summary>Small by default; DFKD_FAULTY_HOSTS=300 and DFKD_FAULTY_URLS=334 make 100,000 addresses.</summary>
    [Fact]
    public async Task Every_fault_ends_with_its_own_reason()
    {
        int hosts = Size("DFKD_FAULTY_HOSTS", 30),
            each = Size("DFKD_FAULTY_URLS", 42);
        await using FaultyWeb web = await FaultyWeb.Start();
        // A large run keeps every core busy with client and server alike: healthy answers are slow then too.
        TimeSpan patience = TimeSpan.FromSeconds(hosts > 50 ? 6 : 1.5);
        using WebWorld world = new(web)
        {
            Options = WebWorld.Quick with { ConnectTimeout = patience, HeadersTimeout = patience, BodyTimeout = 1.5 * patience },
        };
        Dictionary<string, string> expected = new(StringComparer.Ordinal);
        for (int i = 0; i < each; i++)
        {
            for (int h = 0; h < hosts; h++)
            {
                (string url, string reason) = Address(web, h, i, i * hosts + h);
                expected[url] = reason;
            }
        }
        File.WriteAllLines(world["urls.txt"], expected.Keys);

        CrawlSummary summary = await world.Crawl(world["urls.txt"]);

        List<TableRow> rows = world.Rows();
        Assert.Equal(expected.Keys, rows.Select(row => row["source"]));
        List<string> wrong = rows.Select(row =>
                (Url: row["source"]!, Got: row["reason"]!.Length == 0 ? row["status"]! : $"{row["status"]}/{row["reason"]}")
            )
            .Where(row => row.Got != expected[row.Url])
            .Select(row => $"{row.Url}: {row.Got}, not {expected[row.Url]}")
            .ToList();
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {expected.Count}: {string.Join('\n', wrong.Take(20))}");
        Assert.Equal(expected.Values.CountBy(reason => reason).ToDictionary(pair => pair.Key, pair => (long)pair.Value), summary.Counts);
        foreach ((string reason, long count) in summary.Counts)
            output.WriteLine($"{reason,-32} {count,8:N0}");
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{expected.Count:N0} addresses of {hosts} hosts in {summary.Seconds:F1} s, {summary.Rows / summary.Seconds:F0} a second"
            )
        );
    }

    private static (string Url, string Expected) Address(FaultyWeb web, int host, int i, int seed)
    {
        // A fifth of the hosts fail as a whole.
        if (host % 5 == 4)
        {
            (string name, string all) = Hosts[host / 5 % Hosts.Length];
            return (web.Url($"{name}{host}", $"/ok/{seed}"), all);
        }
        (string kind, string expected) = Faults.Kinds[(i + 5 * host) % Faults.Kinds.Count];
        string url = kind switch
        {
            "bad-url" => $"htp:/nowhere {seed}",
            _ when kind.StartsWith("raw:", StringComparison.Ordinal) => web.RawUrl($"host{host}", $"/{kind[4..]}/{seed}"),
            _ => web.Url($"host{host}", $"/{kind}/{seed}"),
        };
        return (url, expected);
    }

    private static int Size(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
