// What a crawl stores: without metadata, in other sizes and formats, without copies that look alike, in shards.

using System.Formats.Tar;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class StoreOptionsTests
{
    [Fact]
    public void Images_are_stored_in_the_size_and_format_asked_for()
    {
        using TempFolder folder = new();
        Photo(folder["wild/a.png"], 1, 90, 60);

        Crawl(
            folder,
            Options(folder) with
            {
                Reencode = new ReencodeOptions(32, ResizeMode.KeepRatio, false, EncodeFormat.Jpeg, 90, false),
            }
        );

        TableRow row = Rows(folder)[0];
        Assert.Equal(("48", "32", "jpeg", "ok"), (row["width"], row["height"], row["format"], row["status"]));
        byte[] file = File.ReadAllBytes(folder[$"store/{row["path"]}"]);
        Assert.Equal(row["bytes"], file.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(row["sha256"], Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file)));
        DecodeResult decoded = ImageDecoder.Decode(file);
        Assert.Equal((48, 32, "jpeg"), (decoded.Image!.Width, decoded.Image.Height, decoded.Format));
    }

    [Fact]
    public void A_copy_that_looks_alike_is_a_duplicate_of_the_first_and_leaves_no_file()
    {
        using TempFolder folder = new();
        RgbImage photo = Photo(folder["wild/a.png"], 1, 90, 60);
        File.WriteAllBytes(folder["wild/b.jpg"], ImageWriter.EncodeJpeg(photo, 80));
        Photo(folder["wild/c.png"], 2, 90, 60);

        Crawl(folder, Options(folder) with { NearDuplicateRadius = 4 });

        List<TableRow> rows = Rows(folder);
        Assert.Equal(["ok/", "duplicate/near_duplicate", "ok/"], rows.Select(row => $"{row["status"]}/{row["reason"]}"));
        Assert.Equal(rows[0]["path"], rows[1]["path"]);
        Assert.Equal(2, Directory.GetFiles(folder["store/images"], "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void Judged_later_a_store_is_the_one_that_was_judged_at_once()
    {
        using TempFolder at = new(),
            later = new();
        foreach (TempFolder folder in (TempFolder[])[at, later])
        {
            RgbImage photo = Photo(folder["wild/a.png"], 1, 90, 60);
            File.WriteAllBytes(folder["wild/b.jpg"], ImageWriter.EncodeJpeg(photo, 80));
            Photo(folder["wild/c.png"], 2, 90, 60);
            // Exact copies of an image that stays, and of one that goes; and a file that is no image.
            File.Copy(folder["wild/a.png"], folder["wild/d.png"]);
            File.Copy(folder["wild/b.jpg"], folder["wild/e.jpg"]);
            File.WriteAllText(folder["wild/f.png"], "none");
        }

        Crawl(at, Options(at) with { NearDuplicateRadius = 4 });
        Crawl(later, Options(later) with { NearDuplicatesLater = true });
        Assert.Equal(3, Directory.GetFiles(later["store/images"], "*", SearchOption.AllDirectories).Length);
        Crawl(later, Options(later) with { Sources = [], NearDuplicateRadius = 4 });

        Assert.Equal(
            File.ReadAllText(at["store/manifest.csv"]).Replace(at.Path, "", StringComparison.Ordinal),
            File.ReadAllText(later["store/manifest.csv"]).Replace(later.Path, "", StringComparison.Ordinal)
        );
        Assert.Equal(2, Directory.GetFiles(later["store/images"], "*", SearchOption.AllDirectories).Length);
        CrawlException twice = Assert.Throws<CrawlException>(() =>
            Crawl(later, Options(later) with { Sources = [], NearDuplicateRadius = 8 })
        );
        Assert.Contains("judged before", twice.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Near_duplicates_of_what_the_store_had_before_are_found_too()
    {
        using TempFolder folder = new();
        RgbImage photo = Photo(folder["wild/a.png"], 1, 90, 60);
        Crawl(folder, Options(folder));
        File.WriteAllBytes(folder["wild/b.jpg"], ImageWriter.EncodeJpeg(photo, 80));

        Crawl(folder, Options(folder) with { NearDuplicateRadius = 4 });

        Assert.Equal(["", "near_duplicate"], Rows(folder).Select(row => row["reason"]));
    }

    [Fact]
    public void Shards_hold_the_images_in_order_and_nothing_is_left_beside_them()
    {
        using TempFolder folder = new();
        for (int i = 0; i < 5; i++)
            Photo(folder[$"wild/{i}.png"], i, 40, 40);
        File.Copy(folder["wild/1.png"], folder["wild/9.png"]);

        Crawl(folder, Options(folder) with { ImagesPerShard = 2 });

        List<TableRow> rows = Rows(folder);
        Assert.Equal([0, 0, 1, 1, 2, 0], rows.Select(row => row["path"]![11] - '0'));
        Assert.Equal(rows[1]["path"], rows[5]["path"]);
        Assert.False(Directory.Exists(folder["store/images"]));
        using TarReader tar = new(File.OpenRead(folder["store/shards/00000.tar"]));
        Assert.Equal($"{rows[0]["sha256"]}.png", tar.GetNextEntry()!.Name);

        // A later crawl goes on with the next shard.
        Photo(folder["wild/x.png"], 77, 40, 40);
        Crawl(folder, Options(folder) with { ImagesPerShard = 2 });
        Assert.StartsWith("shards/00003.tar::", Rows(folder)[^1]["path"], StringComparison.Ordinal);
    }

    private static CrawlOptions Options(TempFolder folder) =>
        new()
        {
            Sources = [folder["wild"]],
            Store = folder["store"],
            Workers = 2,
        };

    private static void Crawl(TempFolder folder, CrawlOptions options) =>
        CrawlRun.Execute(options with { Store = folder["store"] }, null, TestContext.Current.CancellationToken);

    private static List<TableRow> Rows(TempFolder folder)
    {
        using TableReader reader = Table.Open(folder["store/manifest.csv"]);
        return [.. reader.Rows(TestContext.Current.CancellationToken)];
    }

    // Broad shapes, so that its hash survives compression.
    private static RgbImage Photo(string path, int seed, int width, int height)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] small = new byte[6 * 6 * 3];
        new Random(seed).NextBytes(small);
        RgbImage image = PilResize.Resize(new RgbImage(6, 6, small), width, height, Interpolation.Bicubic);
        File.WriteAllBytes(path, ImageWriter.EncodePng(image));
        return image;
    }
}
