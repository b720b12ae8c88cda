// Pools on S3-compatible storage: the verbs that read images read them there too, and say what they say of files.

using System.Formats.Tar;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class BucketTests(TinyWorld world) : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private FakeBucket bucket = null!;

    public async ValueTask InitializeAsync()
    {
        bucket = await FakeBucket.Start();
        bucket.PageSize = 1000;
        string[] images =
        [
            .. Directory.EnumerateFiles(world.Wild, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(120),
        ];
        Directory.CreateDirectory(folder["shards"]);
        foreach ((int shard, string[] some) in images.Chunk(40).Index())
        {
            string name = $"{shard:D5}.tar";
            using (TarWriter tar = new(File.Create(folder[$"shards/{name}"])))
            {
                foreach ((int at, string image) in some.Index())
                    tar.WriteEntry(image, $"{shard:D2}{at:D3}{Path.GetExtension(image)}");
            }
            bucket.Objects[$"shards/{name}"] = File.ReadAllBytes(folder[$"shards/{name}"]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await bucket.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData("s3://photos/shards/")]
    [InlineData("s3://photos/shards/*.tar")]
    public void A_pool_in_a_bucket_has_the_scores_of_its_copy_on_this_machine(string source)
    {
        Run("score", folder["shards/*.tar"], "--teacher", world.Teacher, "-o", folder["local.csv"]).Succeeds();
        Run("score", source, "--teacher", world.Teacher, "-o", folder["remote.csv"]).Succeeds();

        Assert.Equal(
            File.ReadAllText(folder["local.csv"]).Replace("shards/", "s3://photos/shards/", StringComparison.Ordinal),
            File.ReadAllText(folder["remote.csv"])
        );
        Assert.Contains("etags ", File.ReadAllText(folder["remote.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Later_stages_read_the_selected_members_again()
    {
        foreach ((string source, string at) in ((string, string)[])[(folder["shards/*.tar"], "local"), ("s3://photos/shards/", "remote")])
        {
            Directory.CreateDirectory(folder[at]);
            string scores = folder[$"{at}/scores.csv"],
                selected = folder[$"{at}/selected.csv"];
            Run("score", source, "--teacher", world.Teacher, "-o", scores).Succeeds();
            Run("select", scores, "--budget", "40", "-o", selected).Succeeds();
            Run("cache", selected, "--teacher", world.Teacher, "--steps", "4", "--threads", "1", "-o", folder[$"{at}/teacher.cache"])
                .Succeeds();
            Run(
                    "distill",
                    selected,
                    "--teacher",
                    world.Teacher,
                    "--student",
                    "vit:img=32,patch=8,dim=16,depth=2,heads=1",
                    "--steps",
                    "4",
                    "--threads",
                    "1",
                    "-o",
                    folder[$"{at}/student"]
                )
                .Succeeds();
            Run("prune", world.Teacher, selected, "--params", "0.5", "--threads", "1", "-o", folder[$"{at}/pruned"]).Succeeds();
            Run("pack", selected, "--to", "webdataset", "-o", folder[$"{at}/packed"]).Succeeds();
            Run("report", scores, "--selection", selected, "-o", folder[$"{at}/report.html"]).Succeeds();
            Run("contact-sheet", selected, "-o", folder[$"{at}/sheet.png"]).Succeeds();
        }
        foreach (string file in (string[])["student/model.safetensors", "pruned/model.safetensors", "packed/00000.tar", "sheet.png"])
            Assert.Equal(File.ReadAllBytes(folder[$"local/{file}"]), File.ReadAllBytes(folder[$"remote/{file}"]));
        Assert.Contains("s3://photos/shards/00000.tar::", File.ReadAllText(folder["remote/selected.csv"]), StringComparison.Ordinal);
        Assert.Contains("data:image/", File.ReadAllText(folder["remote/report.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_of_a_plan_refuse_an_archive_that_was_replaced_and_else_end_with_the_bytes_of_one_process()
    {
        string[] command = ["score", "s3://photos/shards/", "--teacher", world.Teacher, "--batch-size", "16"];
        Run([.. command, "-o", folder["whole.csv"]]).Succeeds();
        command = [.. command, "-o", folder["shared.csv"]];
        Run([.. command, "--plan", "--shard-size", "32"]).Succeeds();
        byte[] kept = bucket.Objects["shards/00002.tar"];
        Run([.. command, "--shard", "0/2"]).Succeeds();

        // The same images in another file.
        bucket.Objects["shards/00002.tar"] = [.. kept, .. new byte[10_240]];
        Finished refused = Run([.. command, "--shard", "1/2"]);
        Assert.Equal(1, refused.Code);
        Assert.Contains(Directory.EnumerateFiles(folder["shared.csv.parts"], "*.json", SearchOption.AllDirectories), note =>
            File.ReadAllText(note).Contains("the inputs are no longer those of the plan", StringComparison.Ordinal)
        );

        bucket.Objects["shards/00002.tar"] = kept;
        Run([.. command, "--shard", "1/2", "--retry-failed"]).Succeeds();
        Run([.. command, "--finish"]).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["whole.csv"]), File.ReadAllBytes(folder["shared.csv"]));
    }

    [Fact]
    public void A_table_may_name_members_of_objects()
    {
        string name = ImageNames("00001.tar").First();
        File.WriteAllText(
            folder["list.csv"],
            $"path,label\ns3://photos/shards/00001.tar::{name},x\ns3://photos/shards/none.tar::a.png,y\n"
        );

        Run("score", folder["list.csv"], "--teacher", world.Teacher, "-o", folder["scores.csv"]).Succeeds();

        string[] rows = File.ReadAllLines(folder["scores.csv"]);
        Assert.StartsWith($"s3://photos/shards/00001.tar::{name},", rows[1], StringComparison.Ordinal);
        Assert.Contains("not_found", rows[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://photos/none.tar", "no object 's3://photos/none.tar'")]
    [InlineData("s3://closed/shards/", "access denied; check the credentials and --s3-region, or give --s3-anonymous")]
    [InlineData("s3://nowhere/shards/", "there is no such bucket; check its name, --s3-endpoint and --s3-region")]
    [InlineData("s3://elsewhere/shards/", "the bucket is in the region eu-central-1; give --s3-region eu-central-1")]
    public void What_cannot_be_read_is_one_line_and_code_2(string source, string said) =>
        Assert.Contains(
            said,
            Run("score", source, "--teacher", world.Teacher, "-o", folder["scores.csv"]).Refuses(),
            StringComparison.Ordinal
        );

    [Fact]
    public void An_archive_that_changes_while_it_is_scored_ends_the_run_by_its_name()
    {
        int reads = 0;
        bucket.Objects["large.tar"] = Large();
        bucket.Fault = request =>
        {
            if (request is { Method: "GET", Key: "large.tar" } && ++reads == 2)
                bucket.Objects["large.tar"] = [.. bucket.Objects["large.tar"][..^1], 1];
            return null;
        };

        string line = Run("score", "s3://photos/large.tar", "--teacher", world.Teacher, "-o", folder["scores.csv"]).Refuses();

        Assert.Contains("s3://photos/large.tar has changed since it was looked at", line, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["scores.csv"]));
    }

    [Fact]
    public void An_endpoint_that_nobody_listens_at_is_one_line()
    {
        Finished end = Programs.RunDfkd(
            "score",
            "s3://photos/shards/",
            "--teacher",
            world.Teacher,
            "-o",
            folder["scores.csv"],
            "--s3-endpoint",
            "http://127.0.0.1:1",
            "--s3-anonymous"
        );

        // It may be down: a scheduler that gives up on bad input tries this again.
        Assert.Equal(1, end.Code);
        string line = Assert.Single(end.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("http://127.0.0.1:1 does not answer", line, StringComparison.Ordinal);
        Assert.EndsWith("check --s3-endpoint", line, StringComparison.Ordinal);
    }

    private IEnumerable<string> ImageNames(string shard)
    {
        using TarReader tar = new(File.OpenRead(folder[$"shards/{shard}"]));
        while (tar.GetNextEntry() is { } entry)
            yield return entry.Name;
    }

    // The images of the shards, and what makes the archive larger than a window.
    private byte[] Large()
    {
        using MemoryStream bytes = new();
        using (TarWriter tar = new(bytes, leaveOpen: true))
        {
            for (int i = 0; i < 5; i++)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{i}.bin") { DataStream = new MemoryStream(new byte[1 << 20]) });
            }
        }
        return bytes.ToArray();
    }

    // Verbs that read no images do not know the options.
    private Finished Run(params string[] args) =>
        Programs.RunDfkd(args[0] == "select" ? args : [.. args, "--s3-endpoint", bucket.Endpoint.AbsoluteUri, "--s3-anonymous"]);
}
