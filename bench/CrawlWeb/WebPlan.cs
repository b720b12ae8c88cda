// Which hosts there are, what they are asked for, and how each request must end.

using System.Net;
using DataFreeKD.Crawler.Tests.Web;

namespace DataFreeKD.CrawlWeb;

/// <summary>Hosts are addresses of 127.0.0.0/8, so that no name look-up is needed; the second number tells their robots.txt.</summary>
internal sealed class WebPlan(string mix, int count, int hosts, int port, int seed)
{
    private const int Mixed = 10,
        Dead = 50;

    /// <summary>Faults that cost a second of work each come more rarely; the list repeats after this many.</summary>
    private const int Rarity = 16;

    /// <summary>Hosts of which every address ends alike, by the name of their robots.txt.</summary>
    private static readonly (string Robots, string Expected)[] Uniform =
    [
        ("moody", "rejected/robots_unreachable"),
        ("closed", "rejected/robots"),
        ("bare", "ok"),
        ("named", "rejected/robots"),
        ("looping", "ok"),
        ("vast", "ok"),
        ("garbled", "ok"),
        ("torn", "rejected/robots_unreachable"),
        ("nx", "failed/dns_error"),
        ("dead", "failed/connect_failed"),
        ("inner", "rejected/address_refused"),
    ];

    private static readonly HashSet<string> Waiting = ["hang", "slow", "heals", "busy", "bomb", "endless", "long"];

    private readonly (string Kind, string Expected)[] kinds = mix switch
    {
        "faulty" => [.. Faults.Kinds, ("same", "ok")],
        "quick" => [.. Faults.Kinds.Where(kind => !Waiting.Contains(kind.Kind)), ("same", "ok")],
        "photographs" => [("ok", "ok")],
        "tiny" => [("same", "ok"), .. Enumerable.Repeat(("404", "failed/http_404"), 9)],
        _ => throw new ArgumentException($"no mix {mix}"),
    };

    private bool Faulty => mix is "faulty" or "quick";

    /// <summary>Whether an answer lasts until the client has had enough.</summary>
    public static bool EndsWithTheClient(string path) => path.Split('/') is [_, "hang" or "slow" or "endless" or "long" or "bomb", ..];

    /// <summary>A healthy host, for redirects.</summary>
    public string Elsewhere => $"http://{AddressOf(0)}:{port}";

    /// <summary>The addresses that answer.</summary>
    public IEnumerable<IPAddress> Listening =>
        Enumerable
            .Range(0, hosts)
            .Select(AddressOf)
            .Where(host => !host.EndsWith(".invalid", StringComparison.Ordinal))
            .Select(IPAddress.Parse)
            .Where(address => IPAddress.IsLoopback(address) && address.GetAddressBytes()[1] != Dead);

    /// <summary>The kind of robots.txt of a host.</summary>
    public string RobotsOf(string host) =>
        IPAddress.TryParse(host, out IPAddress? address)
        && address.GetAddressBytes()[1] is var kind
        && kind > Mixed
        && kind <= Mixed + Uniform.Length
            ? Uniform[kind - Mixed - 1].Robots
            : "";

    /// <summary>Writes <c>urls.txt</c> and <c>expected.csv</c>, both in the order of a crawl.</summary>
    public void Write(string folder)
    {
        using StreamWriter list = new(Path.Combine(folder, "urls.txt"));
        using StreamWriter expected = new(Path.Combine(folder, "expected.csv"));
        expected.WriteLine("url,status,reason");
        bool sameSeen = false;
        for (int i = 0; i < count; i++)
        {
            (string url, string end) = Address(i % hosts, i / hosts, i);
            if (url.Contains("/same/", StringComparison.Ordinal))
            {
                if (sameSeen)
                    end = "duplicate/same_content";
                sameSeen = true;
            }
            string[] parts = end.Split('/');
            list.WriteLine(url);
            expected.WriteLine($"{url},{parts[0]},{(parts.Length > 1 ? parts[1] : "")}");
        }
    }

    private (string Url, string Expected) Address(int host, int i, int number)
    {
        string root = $"http://{AddressOf(host)}:{port}";
        if (Faulty && UniformOf(host) is { } uniform)
            return ($"{root}/ok/{number}", uniform.Expected);
        int place = i + 5 * host + seed;
        (string kind, string end) = kinds[place % kinds.Length];
        if (kind is "bomb" or "endless" && place / kinds.Length % Rarity != 0)
            (kind, end) = ("ok", "ok");
        return kind.StartsWith("raw:", StringComparison.Ordinal) ? ($"http://{AddressOf(host)}:{port + 1}/{kind[4..]}/{number}", end)
            : kind == "bad-url" ? ($"htp:/nowhere {number}", end)
            : ($"{root}/{kind}/{number}", end);
    }

    // A fifth of the hosts fail or are strange as a whole.
    private (string Robots, string Expected)? UniformOf(int host) => Faulty && host % 5 == 4 ? Uniform[host / 5 % Uniform.Length] : null;

    private string AddressOf(int host)
    {
        string last = $"{host / 250}.{host % 250 + 1}";
        return UniformOf(host)?.Robots switch
        {
            null => $"127.{Mixed}.{last}",
            "nx" => $"host{host}.invalid",
            "dead" => $"127.{Dead}.{last}",
            "inner" => $"10.0.{last}",
            string robots => $"127.{Mixed + 1 + Array.FindIndex(Uniform, uniform => uniform.Robots == robots)}.{last}",
        };
    }
}
