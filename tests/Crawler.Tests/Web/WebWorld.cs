// A store, and the options under which a crawl of the test web is quick.

using System.Net;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests.Web;

/// <summary>Tests of the web mind the clock, so nothing else runs beside them.</summary>
[CollectionDefinition("web", DisableParallelization = true)]
public sealed class WebTests;

internal sealed class WebWorld(FaultyWeb? web = null) : IDisposable
{
    private readonly TempFolder folder = new();

    public string this[string name] => folder[name];

    public FaultyWeb? Web { get; } = web;

    public string Store => folder["store"];

    /// <summary>Impatient manners for the loopback.</summary>
    public static WebOptions Quick { get; } =
        new()
        {
            AllowedNetworks = [IPNetwork.Parse("127.0.0.0/8")],
            Resolve = FaultyWeb.Resolve,
            ConnectTimeout = TimeSpan.FromSeconds(1.5),
            HeadersTimeout = TimeSpan.FromSeconds(1.5),
            BodyTimeout = TimeSpan.FromSeconds(2),
            Retries = 2,
            RetryDelay = TimeSpan.FromMilliseconds(30),
            BreakAfter = 50,
            BreakDuration = TimeSpan.FromMilliseconds(500),
            ConnectionsPerHost = 8,
        };

    public WebOptions Options { get; set; } = Quick;

    public CrawlOptions For(params string[] sources) =>
        new()
        {
            Sources = sources,
            Store = Store,
            MinSide = 8,
            Workers = 2,
            Web = Options,
            Limits = new DecodeLimits { MaxBytes = 1 << 20 },
        };

    /// <summary>Crawls off the test's own thread.</summary>
    public Task<CrawlSummary> Crawl(params string[] sources) => Crawl(null, TestContext.Current.CancellationToken, sources);

    public Task<CrawlSummary> Crawl(Action<CrawlProgress>? hear, CancellationToken cancel, params string[] sources) =>
        Task.Run(() => CrawlRun.Execute(For(sources), hear is null ? null : new Heard(hear), cancel), CancellationToken.None);

    public List<TableRow> Rows()
    {
        using TableReader reader = Table.Open(Path.Combine(Store, "manifest.csv"));
        return [.. reader.Rows(TestContext.Current.CancellationToken)];
    }

    /// <summary>Every row as <c>status</c> or <c>status/reason</c>.</summary>
    public IEnumerable<string> Ends() =>
        Rows().Select(row => row["reason"]!.Length == 0 ? row["status"]! : $"{row["status"]}/{row["reason"]}");

    /// <summary>Every file of the store by relative path, with its bytes as hex; the provenance (its seconds differ) is left out.</summary>
    public IReadOnlyDictionary<string, string> Files() =>
        Directory
            .EnumerateFiles(Store, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith("manifest.json", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToDictionary(file => Path.GetRelativePath(Store, file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    public void Dispose() => folder.Dispose();

    private sealed class Heard(Action<CrawlProgress> hear) : IProgress<CrawlProgress>
    {
        public void Report(CrawlProgress value) => hear(value);
    }
}
