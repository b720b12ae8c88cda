// Folders: what is where under which name, and that no text leads out of them.

using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using CsCheck;
using CsvHelper;
using DataFreeKD.Packer.Names;

namespace DataFreeKD.Packer.Tests;

public sealed class FolderTests : IDisposable
{
    private readonly PackWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void A_class_is_a_folder_of_relative_links_to_the_images()
    {
        world.Add("images/x.jpg").Add("images/y.jpg", 3, "golden retriever");
        PackSummary summary = PackWorld.Pack(world.Options(PackFormat.Folders));

        Assert.Equal(new Dictionary<string, long> { ["cat"] = 1, ["golden retriever"] = 1 }, summary.Classes);
        FileInfo link = new(world["out/pack/golden_retriever/y.bmp"]);
        Assert.Equal(Path.Combine("..", "..", "..", "images", "y.jpg"), link.LinkTarget);
        Assert.Equal(PackWorld.Image(1), File.ReadAllBytes(link.FullName));
        Assert.Equal(["cat/x.bmp", "golden_retriever/y.bmp"], Column(world["out/pack/manifest.csv"], "path"));
    }

    [Fact]
    public void Links_lead_to_the_images_through_a_folder_that_is_a_link_itself()
    {
        world.Add("images/x.jpg");
        Directory.CreateDirectory(world["far/away"]);
        Directory.CreateSymbolicLink(world["near"], world["far/away"]);
        PackWorld.Pack(world.Options(PackFormat.Folders, "near/pack"));
        Assert.Equal(PackWorld.Image(0), File.ReadAllBytes(world["far/away/pack/cat/x.bmp"]));
    }

    [Fact]
    public void Copies_need_nothing_outside_the_folder()
    {
        world.Add("images/x.jpg").Add("images/y.jpg");
        PackWorld.Pack(world.Options(PackFormat.Folders) with { Copy = true, Layout = ImageLayout.Flat });
        Directory.Delete(world["images"], recursive: true);
        Assert.Equal(["manifest.csv", "x.bmp", "y.bmp"], PackWorld.Files(world["out/pack"]).Keys);
        Assert.Equal(PackWorld.Image(0), File.ReadAllBytes(world["out/pack/x.bmp"]));
    }

    [Fact]
    public void Members_of_archives_are_unpacked()
    {
        using (TarWriter tar = new(File.Create(world["shard.tar"])))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "deep/a.jpg") { DataStream = new MemoryStream(PackWorld.Image(0)) });
        using (ZipArchive zip = new(File.Create(world["more.zip"]), ZipArchiveMode.Create))
        {
            using Stream member = zip.CreateEntry("deep/a.jpg").Open();
            member.Write(PackWorld.Image(1));
        }
        using (TarWriter tar = new(new GZipStream(File.Create(world["packed.tar.gz"]), CompressionLevel.Fastest)))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "b.jpg") { DataStream = new MemoryStream(PackWorld.Image(2)) });
        world.Row("shard.tar::deep/a.jpg").Row("more.zip::deep/a.jpg").Row("packed.tar.gz::b.jpg");

        PackSummary summary = PackWorld.Pack(world.Options(PackFormat.Folders));

        Assert.Equal(3, summary.Packed);
        Assert.Equal(
            [PackWorld.Image(0), PackWorld.Image(1), PackWorld.Image(2)],
            ((string[])["a.bmp", "a-2.bmp", "b.bmp"]).Select(name => File.ReadAllBytes(world[$"out/pack/cat/{name}"]))
        );
    }

    [Fact]
    public void Hostile_class_and_file_names_stay_inside_and_apart()
    {
        world
            .Add("images/con.jpg", 0, "../../etc")
            .Add("images/a b:c.jpg", 1, "..")
            .Add("images/.hidden", 2, "CON")
            .Add("other/a b:c.jpg", 1, "..")
            .Add("images/A_B_C.jpg", 1, "..")
            .Add("images/x.jpg", 4, "etc")
            .Add("images/y.jpg", 5, "manifest.csv");
        PackWorld.Pack(world.Options(PackFormat.Folders) with { Copy = true });

        Assert.Equal(
            [
                "CON_/hidden.bmp",
                "class-1/A_B_C-3.bmp",
                "class-1/a_b_c-2.bmp",
                "class-1/a_b_c.bmp",
                "etc-2/x.bmp",
                "etc/con_.bmp",
                "manifest.csv",
                "manifest_csv/y.bmp",
            ],
            PackWorld.Files(world["out/pack"]).Keys
        );
        Assert.Equal(["out"], Directory.GetFileSystemEntries(world["."]).Select(Path.GetFileName).Except(["images", "other", "run"]));
    }

    [Fact]
    public void Classes_of_one_name_are_told_apart_by_their_predictions_whatever_the_order_of_the_rows()
    {
        world.Add("a.jpg", 517, "crane").Add("b.jpg", 134, "crane");
        PackWorld.Pack(world.Options(PackFormat.Folders));
        Assert.Equal(["crane-2/a.bmp", "crane/b.bmp"], Column(world["out/pack/manifest.csv"], "path"));
    }

    [Fact]
    public void Images_that_are_gone_changed_or_none_are_left_out_and_counted()
    {
        world.Add("good.jpg").Add("gone.jpg").Add("changed.jpg").Add("text.jpg").Row("failed.jpg", status: "failed");
        File.Delete(world["gone.jpg"]);
        File.WriteAllBytes(world["changed.jpg"], PackWorld.Image(9));
        File.WriteAllText(world["text.jpg"], "no image at all, however long it may be");
        PackSummary summary = PackWorld.Pack(world.Options(PackFormat.Folders) with { Copy = true });
        Assert.Equal(1, summary.Packed);
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["changed"] = 1,
                ["failed"] = 1,
                ["not_found"] = 1,
                ["unknown_format"] = 1,
            },
            summary.Skipped
        );
        Assert.Equal(["cat/good.bmp"], Column(world["out/pack/manifest.csv"], "path"));
    }

    [Fact]
    public void Hugging_Face_finds_file_name_first_and_every_image_under_train()
    {
        world.Add("images/test_1.jpg", 3, "bullet train", caption: "two\nlines, \"quoted\"").Add("images/b.jpg");
        PackWorld.Pack(world.Options(PackFormat.Imagefolder) with { Layout = ImageLayout.Classes });

        string[] names = Column(world["out/pack/train/metadata.csv"], "file_name");
        Assert.Equal(["bullet_train/test_1.bmp", "cat/b.bmp"], names);
        Assert.StartsWith("file_name,sha256,", File.ReadAllText(world["out/pack/train/metadata.csv"]), StringComparison.Ordinal);
        Assert.Equal("two\nlines, \"quoted\"", Column(world["out/pack/train/metadata.csv"], "caption")[0]);
        Assert.All(names, name => Assert.True(File.Exists(world[$"out/pack/train/{name}"])));
        Assert.Contains("path: train/**\n", File.ReadAllText(world["out/pack/README.md"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_as_json_lines_has_numbers_as_numbers()
    {
        world.Add("images/a.jpg", 3, "dog").Add("images/b.jpg");
        PackWorld.Pack(world.Options(PackFormat.Imagefolder) with { Metadata = MetadataFile.Jsonl });
        string[] lines = File.ReadAllLines(world["out/pack/train/metadata.jsonl"]);
        Assert.Equal(2, lines.Length);
        JsonElement first = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal("file_name", first.EnumerateObject().First().Name);
        Assert.Equal(
            ("a.bmp", 3, 6, 0.5),
            (
                first.GetProperty("file_name").GetString(),
                first.GetProperty("prediction").GetInt32(),
                first.GetProperty("width").GetInt32(),
                first.GetProperty("confidence").GetDouble()
            )
        );
    }

    [Fact]
    public void Any_text_gives_a_name_that_is_one_segment_on_every_system()
    {
        Gen.String.Sample(
            text =>
            {
                string name = PortableName.Of(text, "image");
                Assert.Equal(name, Path.GetFileName(name));
                Assert.DoesNotContain(name, character =>
                    character is '/' or '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|'
                    || char.IsControl(character)
                    || char.IsWhiteSpace(character)
                );
                Assert.False(name.Length == 0 || name[0] is '.' or '-' or '_' || name[^1] == '.');
                Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(name), 1, 200);
            },
            iter: 2000,
            threads: 1
        );
    }

    [Theory]
    [InlineData("con", "con_")]
    [InlineData("Lpt1.photo", "Lpt1_.photo")]
    [InlineData("console", "console")]
    [InlineData("日本語 犬", "日本語_犬")]
    [InlineData("-rf", "rf")]
    [InlineData("...", "image")]
    [InlineData("a.", "a")]
    public void Names_stay_readable(string text, string name) => Assert.Equal(name, PortableName.Of(text, "image"));

    private static string[] Column(string table, string column)
    {
        using CsvReader csv = CsvReader.FromFile(table, new CsvReaderOptions());
        int at = csv.Headers.ToList().IndexOf(column);
        List<string> fields = [];
        while (csv.Read())
            fields.Add(csv.GetString(at));
        return [.. fields];
    }
}
