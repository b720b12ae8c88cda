// Images to crawl, and the manifest of what came in.

using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

internal sealed class CrawlWorld : IDisposable
{
    private readonly TempFolder folder = new();

    public string this[string name] => folder[name];

    public string Manifest => folder["store/manifest.csv"];

    /// <summary>A folder of images 000.bmp, 001.bmp, ... that differ.</summary>
    public string Images(string name, int count)
    {
        string directory = Directory.CreateDirectory(folder[name]).FullName;
        for (int i = 0; i < count; i++)
            File.WriteAllBytes(Path.Combine(directory, $"{i:D3}.bmp"), Bitmap(20, 16, i));
        return directory;
    }

    /// <summary>Crawls into <c>store</c>; stops when <paramref name="stop"/> says so.</summary>
    public CrawlSummary Crawl(
        IReadOnlyList<string> sources,
        int minSide = 1,
        int workers = 2,
        Action<CrawlProgress>? hear = null,
        CancellationTokenSource? stop = null
    ) =>
        CrawlRun.Execute(
            new CrawlOptions
            {
                Sources = sources,
                Store = folder["store"],
                MinSide = minSide,
                Workers = workers,
            },
            hear is null ? null : new Heard(hear),
            stop?.Token ?? TestContext.Current.CancellationToken
        );

    public List<TableRow> Rows()
    {
        using TableReader reader = Table.Open(Manifest);
        return [.. reader.Rows(TestContext.Current.CancellationToken)];
    }

    /// <summary>Every file of the store by relative path, with its bytes as hex; the provenance (its seconds differ) is left out.</summary>
    public IReadOnlyDictionary<string, string> Files() =>
        Directory
            .EnumerateFiles(folder["store"], "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith("manifest.json", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToDictionary(file => Path.GetRelativePath(folder["store"], file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    public void Dispose() => folder.Dispose();

    /// <inheritdoc cref="NoiseBitmap.Of"/>
    public static byte[] Bitmap(int width, int height, int seed) => NoiseBitmap.Of(width, height, seed);

    private sealed class Heard(Action<CrawlProgress> hear) : IProgress<CrawlProgress>
    {
        public void Report(CrawlProgress value) => hear(value);
    }
}
