// Claims about the store and its manifest.

using System.Formats.Tar;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class CrawlRunTests
{
    // A 2×2 BMP, 24 bits: small enough to write by hand.
    private static byte[] Bitmap(byte shade) =>
    [
        .. "BM"u8, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0,
        40, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        shade, 10, 20, 30, 40, 50, 0, 0, 60, 70, 80, 90, 100, 110, 0, 0,
    ];

    [Fact]
    public void Every_file_has_one_row_with_a_status_and_a_reason()
    {
        using var folder = new TempFolder();
        Fill(folder["in"]);

        CrawlSummary summary = CrawlRun.Execute(new CrawlOptions { Sources = [folder["in"]], Store = folder["store"] }, cancel: TestContext.Current.CancellationToken);

        Dictionary<string, string> rows = Rows(folder["store/manifest.csv"]).ToDictionary(row => Path.GetFileName(row["source"]!), row => $"{row["status"]} {row["reason"]}".Trim());
        Assert.Equal("ok", rows["a.bmp"]);
        Assert.Equal("duplicate same_content", rows["b.bmp"]);
        Assert.Equal("ok", rows["c.bmp"]);
        Assert.StartsWith("failed ", rows["empty.png"], StringComparison.Ordinal);
        Assert.StartsWith("failed ", rows["text.jpg"], StringComparison.Ordinal);
        Assert.Equal(5, summary.Rows);
        Assert.Equal(2, Directory.EnumerateFiles(folder["store/images"], "*", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public void Crawling_again_changes_nothing()
    {
        using var folder = new TempFolder();
        Fill(folder["in"]);
        var options = new CrawlOptions { Sources = [folder["in"]], Store = folder["store"] };
        CrawlRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        string before = File.ReadAllText(folder["store/manifest.csv"]);

        CrawlSummary summary = CrawlRun.Execute(options, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(before, File.ReadAllText(folder["store/manifest.csv"]));
        Assert.Equal(0, summary.Added);
    }

    [Fact]
    public void An_interrupted_crawl_ends_as_an_undisturbed_one()
    {
        using var folder = new TempFolder();
        Fill(folder["in"]);
        CrawlRun.Execute(new CrawlOptions { Sources = [folder["in"]], Store = folder["whole"] }, cancel: TestContext.Current.CancellationToken);
        var options = new CrawlOptions { Sources = [folder["in"]], Store = folder["cut"] };
        using var cancel = new CancellationTokenSource();

        Assert.ThrowsAny<OperationCanceledException>(() => CrawlRun.Execute(options, new Now(progress => { if (progress.Done == 2) cancel.Cancel(); }), cancel.Token));
        Assert.False(File.Exists(folder["cut/manifest.csv"]));
        CrawlRun.Execute(options, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(File.ReadAllText(folder["whole/manifest.csv"]), File.ReadAllText(folder["cut/manifest.csv"]));
    }

    [Fact]
    public void Nothing_of_a_hostile_archive_leaves_the_store()
    {
        using var folder = new TempFolder();
        using (var tar = new TarWriter(File.Create(folder["slip.tar"])))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "../../evil.bmp") { DataStream = new MemoryStream(Bitmap(1)) });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "link.bmp") { LinkName = "/etc/passwd" });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "good.bmp") { DataStream = new MemoryStream(Bitmap(2)) });
        }

        CrawlRun.Execute(new CrawlOptions { Sources = [folder["slip.tar"]], Store = folder["store"] }, cancel: TestContext.Current.CancellationToken);

        string[] statuses = [.. Rows(folder["store/manifest.csv"]).Select(row => $"{row["status"]} {row["reason"]}".Trim())];
        Assert.Equal(["failed unsafe_path", "failed link", "ok"], statuses);
        Assert.Single(Directory.EnumerateFiles(folder["store/images"], "*", SearchOption.AllDirectories));
        Assert.False(File.Exists(Path.Combine(folder.Path, "..", "evil.bmp")));
    }

    [Fact]
    public void A_small_image_is_rejected_not_stored()
    {
        using var folder = new TempFolder();
        Fill(folder["in"]);

        CrawlSummary summary = CrawlRun.Execute(new CrawlOptions { Sources = [folder["in"]], Store = folder["store"], MinSide = 3 }, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(3, summary.Counts["rejected/too_small"]);
    }

    [Fact]
    public void Columns_of_a_table_travel_through()
    {
        using var folder = new TempFolder();
        Fill(folder["in"]);
        File.WriteAllText(folder["list.csv"], "path,license,photographer\nin/a.bmp,CC0,Ada\nin/c.bmp,MIT,Grace\n");

        CrawlRun.Execute(new CrawlOptions { Sources = [folder["list.csv"]], Store = folder["store"] }, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(["CC0 Ada", "MIT Grace"], Rows(folder["store/manifest.csv"]).Select(row => $"{row["license"]} {row["photographer"]}"));
    }

    private static void Fill(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "a.bmp"), Bitmap(1));
        File.WriteAllBytes(Path.Combine(folder, "b.bmp"), Bitmap(1));
        File.WriteAllBytes(Path.Combine(folder, "c.bmp"), Bitmap(200));
        File.WriteAllBytes(Path.Combine(folder, "empty.png"), []);
        File.WriteAllText(Path.Combine(folder, "text.jpg"), "<html>not an image</html>");
    }

    private static List<TableRow> Rows(string table)
    {
        using TableReader reader = Table.Open(table);
        return [.. reader.Rows(TestContext.Current.CancellationToken)];
    }

    private sealed class Now(Action<CrawlProgress> report) : IProgress<CrawlProgress>
    {
        public void Report(CrawlProgress value) => report(value);
    }
}
