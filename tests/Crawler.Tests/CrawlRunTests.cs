// What a crawl leaves: every file a row with a status and a reason, every image once under its hash.

using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Tests;

public sealed class CrawlRunTests
{
    [Fact]
    public void A_stored_image_has_its_bytes_unchanged_under_its_hash()
    {
        using CrawlWorld world = new();
        world.Crawl([world.Images("wild", 3)]);

        foreach ((TableRow row, int i) in world.Rows().Select((row, i) => (row, i)))
        {
            byte[] original = File.ReadAllBytes(world[$"wild/{i:D3}.bmp"]);
            string hash = Convert.ToHexStringLower(SHA256.HashData(original));
            Assert.Equal($"images/{hash[..2]}/{hash}.bmp", row["path"]);
            Assert.Equal(
                (hash, world[$"wild/{i:D3}.bmp"], "20", "16", "bmp", "ok", ""),
                (row["sha256"], row["source"], row["width"], row["height"], row["format"], row["status"], row["reason"])
            );
            Assert.Matches("^[0-9a-f]{16}$", row["phash"]!);
            Assert.Equal(original, File.ReadAllBytes(ManifestPath.FromTable(row["path"]!, world.Manifest)));
        }
    }

    [Fact]
    public void Columns_are_those_of_the_contract()
    {
        using CrawlWorld world = new();
        world.Crawl([world.Images("wild", 1)]);
        Assert.Equal(
            ["path", "sha256", "source", "width", "height", "format", "bytes", "phash", "license", "caption", "status", "reason"],
            world.Rows()[0].Header.Columns
        );
    }

    [Fact]
    public void Every_file_has_a_status_and_a_reason()
    {
        using CrawlWorld world = new();
        string wild = world.Images("wild", 2);
        File.Copy(world["wild/000.bmp"], world["wild/copy.bmp"]);
        File.WriteAllBytes(world["wild/small.bmp"], CrawlWorld.Bitmap(30, 4, 9));
        File.WriteAllText(world["wild/text.jpg"], "this is no image");
        File.WriteAllBytes(world["wild/void.png"], []);

        CrawlSummary summary = world.Crawl([wild], minSide: 8);

        List<TableRow> rows = world.Rows();
        Assert.Equal(["ok", "ok", "duplicate", "rejected", "failed", "failed"], rows.Select(row => row["status"]));
        Assert.Equal(rows[0]["path"], rows[2]["path"]);
        Assert.Equal("too_small", rows[3]["reason"]);
        Assert.All(rows.Skip(2), row => Assert.NotEqual("", row["reason"]));
        Assert.Equal(2, summary.Counts[Status.Ok]);
        Assert.Equal(2, Directory.GetFiles(world["store/images"], "*", SearchOption.AllDirectories).Length);
    }

    [Theory]
    [InlineData("wild.tar")]
    [InlineData("wild.tar.gz")]
    [InlineData("wild.zip")]
    public void An_archive_gives_the_images_of_the_folder_it_was_made_of(string archive)
    {
        using CrawlWorld world = new();
        string path = world[archive];
        string[] images = [.. Directory.EnumerateFiles(world.Images("wild", 5)).Order(StringComparer.Ordinal)];
        if (archive.EndsWith(".zip", StringComparison.Ordinal))
        {
            using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
            foreach (string image in images)
                zip.CreateEntryFromFile(image, Path.GetFileName(image));
        }
        else
        {
            using Stream file = archive.EndsWith(".gz", StringComparison.Ordinal)
                ? new GZipStream(File.Create(path), CompressionLevel.Fastest)
                : File.Create(path);
            using TarWriter tar = new(file);
            foreach (string image in images)
                tar.WriteEntry(image, Path.GetFileName(image));
        }

        world.Crawl([path]);

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"{path}::{i:D3}.bmp"), world.Rows().Select(row => row["source"]));
        Assert.Equal(
            Enumerable.Range(0, 5).Select(i => Convert.ToHexStringLower(SHA256.HashData(CrawlWorld.Bitmap(20, 16, i)))),
            world.Rows().Select(row => row["sha256"])
        );
    }

    [Fact]
    public void A_member_that_climbs_out_of_its_archive_writes_nothing_outside_the_store()
    {
        using CrawlWorld world = new();
        using (ZipArchive zip = ZipFile.Open(world["slip.zip"], ZipArchiveMode.Create))
        {
            using (Stream good = zip.CreateEntry("good.bmp").Open())
                good.Write(CrawlWorld.Bitmap(20, 16, 1));
            using Stream bad = zip.CreateEntry("../../escaped.bmp").Open();
            bad.Write(CrawlWorld.Bitmap(20, 16, 2));
        }

        world.Crawl([world["slip.zip"]]);

        Assert.Equal(["ok", "failed"], world.Rows().Select(row => row["status"]));
        Assert.Equal("unsafe_path", world.Rows()[1]["reason"]);
        Assert.False(File.Exists(world["../escaped.bmp"]));
        Assert.False(File.Exists(world["escaped.bmp"]));
    }

    [Fact]
    public void A_table_brings_its_licence_caption_and_own_columns()
    {
        using CrawlWorld world = new();
        world.Images("wild", 2);
        File.WriteAllText(
            world["list.csv"],
            "path,caption,license,camera\r\nwild/001.bmp,\"a dog, asleep\",CC0,X100\r\nwild/gone.bmp,,,\r\n"
        );

        world.Crawl([world["list.csv"]]);

        TableRow row = world.Rows()[0];
        Assert.Equal(("a dog, asleep", "CC0", "X100", "ok"), (row["caption"], row["license"], row["camera"], row["status"]));
        Assert.Equal("failed", world.Rows()[1]["status"]);
    }

    [Fact]
    public void A_source_with_nothing_in_it_is_an_error_and_leaves_no_manifest()
    {
        using CrawlWorld world = new();
        Directory.CreateDirectory(world["empty"]);
        Assert.Throws<CrawlException>(() => world.Crawl([world["empty"]]));
        Assert.False(File.Exists(world.Manifest));
    }
}
