// What may be replaced, what is left when something goes wrong, and that equal input gives equal bytes.

using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Tests;

public sealed class OutputTests : IDisposable
{
    private readonly PackWorld world = new();

    public void Dispose() => world.Dispose();

    public static TheoryData<string> FolderFormats { get; } = ["webdataset", "folders", "imagefolder", "coco"];

    [Theory]
    [MemberData(nameof(FolderFormats))]
    public void Equal_selections_give_equal_bytes(string format)
    {
        world.Add("images/a.jpg", caption: "a").Add("images/b.jpg", 3, "dog").Add("other/a.jpg");
        PackWorld.Pack(world.Options(PackFormat.Find(format)!, "one/pack"));
        PackWorld.Pack(world.Options(PackFormat.Find(format)!, "two/pack"));
        SortedDictionary<string, byte[]> one = PackWorld.Files(world["one/pack"]),
            two = PackWorld.Files(world["two/pack"]);
        Assert.True(one.Count > 0);
        Assert.Equal(one.Keys, two.Keys);
        Assert.Equal(one.Values, two.Values);
    }

    [Fact]
    public void A_folder_is_replaced_only_when_asked_and_only_if_a_pack_wrote_it()
    {
        world.Add("images/a.jpg");
        PackOptions options = world.Options(PackFormat.Imagefolder);
        PackWorld.Pack(options);
        Assert.Contains("Overwrite", Assert.Throws<PackException>(() => PackWorld.Pack(options)).Message, StringComparison.Ordinal);
        File.WriteAllText(world["out/pack/stale.txt"], "");
        PackWorld.Pack(options with { Overwrite = true });
        Assert.False(File.Exists(world["out/pack/stale.txt"]));

        Directory.CreateDirectory(world["mine"]);
        File.WriteAllText(world["mine/thesis.txt"], "years");
        Assert.Contains(
            "no pack wrote",
            Assert.Throws<PackException>(() => PackWorld.Pack(options with { Output = world["mine"], Overwrite = true })).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("years", File.ReadAllText(world["mine/thesis.txt"]));
    }

    [Fact]
    public void A_pack_that_fails_leaves_the_earlier_one_and_nothing_else()
    {
        world.Add("images/a.jpg");
        PackOptions options = world.Options(PackFormat.Webdataset);
        PackWorld.Pack(options);
        SortedDictionary<string, byte[]> before = PackWorld.Files(world["out/pack"]);
        File.Delete(world["images/a.jpg"]);
        Assert.Contains(
            "not_found 1",
            Assert.Throws<PackException>(() => PackWorld.Pack(options with { Overwrite = true })).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(before.Values, PackWorld.Files(world["out/pack"]).Values);
        Assert.Equal(["pack"], Directory.GetFileSystemEntries(world["out"]).Select(Path.GetFileName));
    }

    [Fact]
    public void What_a_killed_pack_left_is_swept_away()
    {
        world.Add("images/a.jpg");
        Directory.CreateDirectory(world["out/.pack.packing/cat"]);
        File.WriteAllText(world["out/.pack.packing/cat/half.jpg"], "");
        File.WriteAllText(world["out/.pack.packing/.pack-at-work"], "");
        PackWorld.Pack(world.Options(PackFormat.Folders));
        Assert.Equal(["cat/a.bmp", "manifest.csv"], PackWorld.Files(world["out/pack"]).Keys);
        Assert.Equal(["pack"], Directory.GetFileSystemEntries(world["out"]).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(".pack.packing")]
    [InlineData(".pack.replaced")]
    public void A_folder_of_those_names_that_no_pack_made_is_refused(string name)
    {
        world.Add("images/a.jpg");
        Directory.CreateDirectory(world["out/" + name]);
        File.WriteAllText(world[$"out/{name}/thesis.txt"], "mine");
        Assert.Contains(
            "no pack wrote",
            Assert.Throws<PackException>(() => PackWorld.Pack(world.Options(PackFormat.Folders) with { Overwrite = true })).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("mine", File.ReadAllText(world[$"out/{name}/thesis.txt"]));
    }

    [Fact]
    public void A_folder_with_somebody_elses_provenance_is_not_replaced()
    {
        world.Add("images/a.jpg");
        Directory.CreateDirectory(world["out/pack"]);
        File.WriteAllText(world["out/pack/provenance.json"], """{"version": "2", "command": "scan"}""");
        Assert.Contains(
            "no pack wrote",
            Assert.Throws<PackException>(() => PackWorld.Pack(world.Options(PackFormat.Folders) with { Overwrite = true })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_a_pack_put_aside_before_it_was_killed_is_put_back()
    {
        world.Add("images/a.jpg");
        PackOptions options = world.Options(PackFormat.Folders);
        PackWorld.Pack(options);
        Directory.Move(world["out/pack"], world["out/.pack.replaced"]);
        Assert.Contains("Overwrite", Assert.Throws<PackException>(() => PackWorld.Pack(options)).Message, StringComparison.Ordinal);
        Assert.Equal(["cat/a.bmp", "manifest.csv"], PackWorld.Files(world["out/pack"]).Keys);
    }

    [Fact]
    public void Two_packs_into_one_folder_do_not_mix()
    {
        world.Add("images/a.jpg");
        PackOptions options = world.Options(PackFormat.Folders);
        Directory.CreateDirectory(world["out"]);
        using (OutputLock.Take(world["out/pack"], "pack"))
        {
            Assert.Contains(
                "is being written by",
                Assert.Throws<OutputException>(() => PackWorld.Pack(options)).Message,
                StringComparison.Ordinal
            );
        }
        PackWorld.Pack(options);
    }

    [Fact]
    public void The_provenance_names_the_table_its_hash_and_what_was_left_out()
    {
        world.Add("images/a.jpg").Row("images/gone.jpg");
        PackOptions options = world.Options(PackFormat.Webdataset) with { ImagesPerShard = 7 };
        PackWorld.Pack(options);
        Provenance made = Provenance.ReadBeside(world["out/pack/provenance.json"])!;
        Assert.Equal(Provenance.HashFile(options.Selection, TestContext.Current.CancellationToken), made.Inputs["../../run/selected.csv"]);
        Assert.Equal(("webdataset", "7"), (made.Options["to"], made.Options["shard-size"]));
        Assert.Equal((1, 1), (made.Counts["packed"], made.Counts["skipped/not_found"]));
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        world.Add("images/a.jpg");
        PackOptions options = world.Options(PackFormat.Coco);
        Assert.Contains(
            "webdataset only",
            Assert.Throws<PackException>((options with { ImagesPerShard = 5 }).Validate).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<PackException>((options with { Format = PackFormat.Webdataset, ImagesPerShard = 0 }).Validate);
        Assert.Throws<PackException>((options with { Copy = true }).Validate);
        Assert.Throws<PackException>((options with { Metadata = MetadataFile.Jsonl }).Validate);
        Assert.Throws<PackException>((options with { Output = options.Selection }).Validate);
        Assert.Contains(
            ".txt or .csv or .parquet",
            Assert.Throws<PackException>((options with { Format = PackFormat.Urls, Output = "urls.json" }).Validate).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            ".parquet",
            Assert.Throws<PackException>((options with { Format = PackFormat.Parquet, Output = "x.csv" }).Validate).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "status ok",
            Assert.Throws<PackException>(() => PackWorld.Pack(options with { Selection = OnlyFailed() })).Message,
            StringComparison.Ordinal
        );
    }

    private string OnlyFailed()
    {
        using TableWriter table = Table.Create(world["failed.csv"], ["path", "status"]);
        table.Write(["a.jpg", "failed"]);
        table.Commit();
        return world["failed.csv"];
    }
}
