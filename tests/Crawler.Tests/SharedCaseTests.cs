// Inputs that people brought, each with its right answer.

using DataFreeKD.Crawler.Sources;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class SharedCaseTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("14-parquet-bystander-columns/02_listcap.parquet", "http://127.0.0.1:8765/l1.jpg http://127.0.0.1:8765/l2.jpg")]
    [InlineData("14-parquet-bystander-columns/04_struct.parquet", "http://127.0.0.1:8765/s1.jpg")]
    [InlineData("14-parquet-bystander-columns/05_binary.parquet", "http://127.0.0.1:8765/b1.jpg")]
    [InlineData("15-folder-or-glob-of-lists/meta", "http://127.0.0.1:8765/p1.jpg http://127.0.0.1:8765/p2.jpg")]
    [InlineData("15-folder-or-glob-of-lists/meta/*.parquet", "http://127.0.0.1:8765/p1.jpg http://127.0.0.1:8765/p2.jpg")]
    [InlineData("20-lists-odd-shapes/columns.json", "https://example.org/m.jpg")]
    [InlineData("20-lists-odd-shapes/repeated.csv", "https://example.org/s.jpg https://example.org/s.jpg")]
    public void A_list_gives_every_address(string source, string expected)
    {
        IReadOnlyList<string> lists = SourcePlan.Of(new CrawlOptions { Sources = [Case(source)], Store = folder["store"] }).Web;
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                lists
                    .SelectMany(list => UrlList.Read(list, new UrlColumns(), TestContext.Current.CancellationToken))
                    .Select(listed => listed.Url?.AbsoluteUri)
            )
        );
        Assert.All(lists, list => UrlList.CarriedColumns(list, new UrlColumns()));
    }

    [Theory]
    [InlineData("16-table-vocabulary/file_name.csv", "ok")]
    [InlineData("16-table-vocabulary/list.tsv", "ok")]
    [InlineData("16-table-vocabulary/pandas_index.csv", "ok")]
    [InlineData("16-table-vocabulary/semicolon.csv", "ok")]
    [InlineData(
        "17-silently-skipped-files/pool",
        "failed/unsupported_format/avif failed/unsupported_format/heic ok ok duplicate/same_content"
    )]
    [InlineData("18-archives-by-extension/wd_really_gz.tar", "ok ok ok")]
    [InlineData("18-archives-by-extension/enc.zip", "failed/encrypted")]
    [InlineData("19-webdataset-sidecars-dropped/wd.tar", "ok ok ok")]
    [InlineData("23-overlapping-zip/ov40.zip", "failed/overlapping_members")]
    [InlineData("24-gif-canvas/g10000.gif", "failed/too_many_pixels")]
    [InlineData("25-png-size-overflow", "failed/too_many_pixels ok")]
    [InlineData("28-progressive-scan-bomb", "failed/too_many_scans")]
    public void Every_file_has_the_right_row(string source, string expected)
    {
        CrawlSummary summary = CrawlRun.Execute(
            new CrawlOptions
            {
                Sources = [Case(source)],
                Store = folder["store"],
                Workers = 1,
            },
            null,
            TestContext.Current.CancellationToken
        );
        using TableReader reader = Table.Open(summary.Manifest);
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                reader
                    .Rows(TestContext.Current.CancellationToken)
                    .Select(row => row["reason"]!.Length == 0 ? row["status"] : $"{row["status"]}/{row["reason"]}")
            )
        );
    }

    [Fact]
    public void A_list_without_the_wanted_key_is_one_error() =>
        Assert.Throws<CrawlException>(() => UrlList.CarriedColumns(Case("20-lists-odd-shapes/wrong_key.jsonl"), new UrlColumns()));

    private static string Case(string path)
    {
        string root = Path.Combine(SharedData.Root ?? "shared", "cases");
        Assert.SkipUnless(Directory.Exists(root), $"{root} is absent");
        return Path.Combine(root, path);
    }
}
