// Whatever lies in a folder, an archive or a table: each has a row, and the row says what it was.

using System.Formats.Tar;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class LocalKindsTests : IDisposable
{
    private readonly CrawlWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void A_folder_of_every_kind_of_file_has_as_many_rows_as_files_and_each_reason_is_right()
    {
        IReadOnlyDictionary<string, string> expected = EveryKind.Write(world["wild"]);

        CrawlSummary summary = world.Crawl([world["wild"]]);

        Assert.Equal(
            Directory
                .EnumerateFiles(world["wild"], "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
                .Count(),
            summary.Rows
        );
        Assert.Equal(
            expected.Select(pair => $"{pair.Key}: {pair.Value}").Order(StringComparer.Ordinal),
            world
                .Rows()
                .Select(row => $"{Path.GetRelativePath(world["wild"], row["source"]!)}: {row["reason"]}")
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(summary.Counts, summary.AddedCounts);
    }

    [Fact]
    public void A_link_is_a_row_unless_links_are_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        world.Images("blobs", 1);
        Directory.CreateDirectory(world["snap"]);
        File.CreateSymbolicLink(world["snap/1.png"], "../blobs/000.bmp");
        File.WriteAllText(world["list.csv"], "path\nsnap/1.png\n");

        Assert.Equal("link", Rows(world["snap"]).Single()["reason"]);
        Assert.Equal("link", Rows(world["list.csv"]).Single()["reason"]);
        Assert.Equal("ok", Rows(world["snap"], options => options with { FollowLinks = true }).Single()["status"]);
        Assert.Equal("ok", Rows(world["list.csv"], options => options with { FollowLinks = true }).Single()["status"]);
        Assert.Equal("ok", Rows(world["snap/1.png"]).Single()["status"]);
    }

    [Fact]
    public void A_list_of_files_is_one_though_the_first_is_missing()
    {
        world.Images("img", 2);
        File.WriteAllText(world["list.txt"], "img/nowhere.bmp\nimg/000.bmp\nimg/001.bmp\n");
        Assert.Equal(["not_found", "", ""], Rows(world["list.txt"]).Select(row => row["reason"]));
        File.WriteAllText(world["none.txt"], "img/nowhere.jpg\n");
        Assert.Equal(["not_found"], Rows(world["none.txt"]).Select(row => row["reason"]));
    }

    [Fact]
    public void An_address_among_paths_and_an_image_within_a_list_are_told()
    {
        world.Images("img", 1);
        File.WriteAllText(
            world["list.csv"],
            "path,label\nimg/000.bmp,1\nhttps://example.org/a.jpg,2\n\"data:image/png;base64,iVBORw0KGgo=\",3\n"
        );
        Assert.Equal(
            [("", "1"), ("address", "2"), ("data_uri", "3")],
            Rows(world["list.csv"]).Select(row => (row["reason"]!, row["label"]!))
        );
        Assert.Equal("https://example.org/a.jpg", Rows(world["list.csv"]).ElementAt(1)["source"]);
    }

    [Fact]
    public void What_lies_beside_an_image_in_a_shard_becomes_its_caption_label_and_metadata()
    {
        Tar(
            "wd.tar",
            ("0.jpg", CrawlWorld.Bitmap(9, 9, 1)),
            ("0.cls", "7\n"u8.ToArray()),
            ("0.json", "{\"caption\": \"of json\", \"n\": 2}"u8.ToArray()),
            ("0.txt", " a dog\n"u8.ToArray()),
            ("1.bmp", CrawlWorld.Bitmap(9, 9, 2)),
            ("1.json", "{\"caption\": \"only json\"}"u8.ToArray()),
            ("lonely.txt", "x"u8.ToArray())
        );

        List<TableRow> rows = Rows(world["wd.tar"]);

        Assert.Equal(["ok", "ok", "failed"], rows.Select(row => row["status"]));
        Assert.Equal(("a dog", "7", "{\"caption\": \"of json\", \"n\": 2}"), (rows[0]["caption"], rows[0]["label"], rows[0]["metadata"]));
        Assert.Equal(("only json", "", "{\"caption\": \"only json\"}"), (rows[1]["caption"], rows[1]["label"], rows[1]["metadata"]));
    }

    [Fact]
    public void Our_own_shards_come_back_as_they_went()
    {
        world.Images("wild", 3);
        File.WriteAllText(
            world["list.csv"],
            "path,caption,license,camera\nwild/000.bmp,one,CC0,X100\nwild/001.bmp,\"two, \"\"2\"\"\",,X200\nwild/002.bmp,,CC-BY,\n"
        );
        List<TableRow> went = Rows(world["list.csv"], options => options with { ImagesPerShard = 2 });

        List<TableRow> came = Rows(world["*/shards/*.tar"]);

        Assert.Equal(
            went.Select(row => (row["sha256"], row["caption"], row["license"], row["camera"], row["source"])),
            came.Select(row => (row["sha256"], row["caption"], row["license"], row["camera"], row["url"]))
        );
        Assert.DoesNotContain("metadata", came[0].Header.Columns);
    }

    [Theory]
    [InlineData("index.csv", ",path,label\n0,wild/000.bmp,x\n")]
    [InlineData("hf.csv", "file_name,text\nwild/000.bmp,x\n")]
    [InlineData("semicolon.csv", "path;label\nwild/000.bmp;x\n")]
    [InlineData("list.tsv", "Path \tlabel\nwild/000.bmp\tx\n")]
    [InlineData("windows.csv", "FilePath,label\nwild\\000.bmp,x\n")]
    [InlineData("metadata.jsonl", "{\"file_name\": \"wild/000.bmp\", \"text\": \"x\"}\n")]
    [InlineData("coco.json", "{\"info\": {}, \"images\": [{\"id\": 1, \"file_name\": \"wild/000.bmp\"}], \"annotations\": []}")]
    [InlineData("list.txt", "wild/000.bmp\n")]
    [InlineData("escaped.csv", "path,label\nwild/000.bmp,\"said \\\"hello\\\", loudly\"\n")]
    [InlineData("status.csv", "path,status\nwild/000.bmp,downloaded\n")]
    public void A_table_of_one_file_is_read_whatever_it_calls_its_column(string name, string text)
    {
        world.Images("wild", 1);
        File.WriteAllText(world[name], text);
        Assert.Equal("ok", Rows(world[name]).Single()["status"]);
    }

    [Fact]
    public void A_column_of_paths_can_be_named_and_a_file_address_is_a_path()
    {
        world.Images("wild", 2);
        File.WriteAllText(world["list.csv"], $"id,where\n1,wild/000.bmp\n2,{new Uri(world["wild/001.bmp"]).AbsoluteUri}\n");
        List<TableRow> rows = Rows(world["list.csv"], options => options with { PathColumn = "Where" });
        Assert.Equal(["ok", "ok"], rows.Select(row => row["status"]));
        Assert.Equal(["1", "2"], rows.Select(row => row["id"]));
    }

    [Fact]
    public void Folders_and_globs_of_lists_are_the_lists_in_them_and_a_folder_with_images_is_none()
    {
        world.Images("wild", 2);
        Directory.CreateDirectory(world["meta"]);
        File.WriteAllText(world["meta/0.csv"], "path\n../wild/000.bmp\n");
        File.WriteAllText(world["meta/1.csv"], "path\n../wild/001.bmp\n");
        File.WriteAllText(world["meta/_SUCCESS"], "");
        Assert.Equal(2, Rows(world["meta"]).Count(row => row["status"] == "ok"));
        Assert.Equal(2, Rows(world["meta/*.csv"]).Count(row => row["status"] == "ok"));
        File.WriteAllText(world["wild/metadata.csv"], "path\n000.bmp\n");
        Assert.Equal(
            ["ok", "ok", "unknown_format"],
            Rows(world["wild"]).Select(row => row["reason"] is { Length: > 0 } reason ? reason : row["status"])
        );
    }

    [Fact]
    public void Rows_without_a_path_are_left_out_and_counted()
    {
        List<string> notes = [];
        void Hear(string note) => notes.Add(note);
        File.WriteAllText(world["blank.csv"], "path,label\nno.png,1\n,2\n,3\n");
        TableNotes.Noted += Hear;
        try
        {
            Assert.Single(Rows(world["blank.csv"]));
        }
        finally
        {
            TableNotes.Noted -= Hear;
        }
        Assert.Contains(notes, note => note.EndsWith("blank.csv: 2 rows have no path and are left out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Members_that_claim_much_never_wait_in_memory_together()
    {
        ByteBudget budget = new(100);
        Assert.True(budget.Room(CancellationToken.None).IsCompletedSuccessfully);
        budget.Take(500);
        Task second = budget.Room(CancellationToken.None);
        Assert.False(second.IsCompleted);
        budget.Release(500);
        await second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        budget.Take(99);
        Assert.True(budget.Room(CancellationToken.None).IsCompletedSuccessfully);
        budget.Take(1);
        Assert.False(budget.Room(CancellationToken.None).IsCompleted);
    }

    private List<TableRow> Rows(string source, Func<CrawlOptions, CrawlOptions>? wish = null)
    {
        CrawlOptions options = new()
        {
            Sources = [source],
            Store = world[$"store-{Guid.NewGuid():N}"],
            Workers = 2,
        };
        CrawlSummary summary = CrawlRun.Execute(wish?.Invoke(options) ?? options, null, TestContext.Current.CancellationToken);
        using TableReader reader = Table.Open(summary.Manifest);
        return [.. reader.Rows(TestContext.Current.CancellationToken)];
    }

    private void Tar(string name, params (string Name, byte[] Bytes)[] members)
    {
        using TarWriter tar = new(File.Create(world[name]));
        foreach ((string member, byte[] bytes) in members)
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, member) { DataStream = new MemoryStream(bytes) });
    }
}
