// What a scoring run writes: a row an image, in order, whatever form the images come in.

using System.Globalization;
using System.Security.Cryptography;
using DataFreeKD.Manifests;
using TorchSharp;

namespace DataFreeKD.Probe.Tests;

public sealed class ScoreRunTests
{
    [Fact]
    public void Every_image_has_a_row_in_the_order_of_the_inputs_and_a_failed_one_its_reason()
    {
        using ScoringWorld world = new();
        ScoreSummary summary = ScoringWorld.Score(Options(world, world.Images("images", 23, brokenEvery: 5)));

        List<TableRow> rows = ScoringWorld.Rows(world["scores.csv"]);
        Assert.Equal(Enumerable.Range(0, 23).Select(i => $"images/{i:D3}.bmp"), rows.Select(row => row["path"]));
        foreach ((TableRow row, int i) in rows.Select((row, i) => (row, i)))
        {
            bool broken = i % 5 == 4;
            Assert.Equal(broken ? Status.Failed : Status.Ok, row["status"]);
            Assert.Equal(broken, row["reason"]!.Length > 0);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(world[row["path"]!]))), row["sha256"]);
            Assert.Equal(
                broken ? ("", "", "") : ("12", "9", $"class {row["prediction"]}"),
                (row["width"], row["height"], row["class_name"])
            );
            foreach (string column in new[] { "confidence", "entropy", "energy", "pseudo_label_ce", "probe_variance_0", "probe_cosine_1" })
                Assert.Equal(broken, row[column]!.Length == 0);
        }
        Assert.Equal(23, summary.Rows);
        Assert.Equal(19, summary.Counts[Status.Ok]);
    }

    [Fact]
    public void Columns_are_those_of_the_contract()
    {
        using ScoringWorld world = new();
        ScoringWorld.Score(Options(world, world.Images("images", 2)) with { Blocks = [] });

        using TableReader table = Table.Open(world["scores.csv"]);
        Assert.Equal(
            [
                "path",
                "sha256",
                "width",
                "height",
                "status",
                "reason",
                "prediction",
                "class_name",
                "confidence",
                "entropy",
                "energy",
                "pseudo_label_ce",
                "probe_variance_0",
                "probe_cosine_0",
                "probe_variance_1",
                "probe_cosine_1",
            ],
            table.Header.Columns
        );
    }

    [Theory]
    [InlineData("images.tar")]
    [InlineData("images.tar.gz")]
    [InlineData("images.zip")]
    public void An_archive_scores_as_the_folder_it_was_made_of(string archive)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 11, brokenEvery: 4);
        string packed = archive.EndsWith(".zip", StringComparison.Ordinal) ? world.Zip(archive, images) : world.Tar(archive, images);

        ScoringWorld.Score(Options(world, images) with { Output = world["folder.csv"] });
        ScoringWorld.Score(Options(world, packed));

        List<TableRow> expected = ScoringWorld.Rows(world["folder.csv"]),
            actual = ScoringWorld.Rows(world["scores.csv"]);
        Assert.Equal(
            expected.Select(row => row["path"]!.Replace("images/", $"{archive}::", StringComparison.Ordinal)),
            actual.Select(row => row["path"])
        );
        Assert.Equal(expected.Select(row => string.Join(',', row.Fields[1..])), actual.Select(row => string.Join(',', row.Fields[1..])));
    }

    [Fact]
    public void A_manifest_keeps_its_unusable_rows_and_its_own_columns()
    {
        using ScoringWorld world = new();
        world.Images("images", 3);
        File.WriteAllText(
            world["manifest.csv"],
            "caption,path,status,reason\r\n\"a, b\",images/002.bmp,ok,\r\nsmall,,rejected,too_small\r\n,images/000.bmp,ok,\r\ngone,images/009.bmp,ok,\r\n"
        );

        ScoringWorld.Score(Options(world, world["manifest.csv"]));

        List<TableRow> rows = ScoringWorld.Rows(world["scores.csv"]);
        Assert.Equal(["images/002.bmp", "", "images/000.bmp", "images/009.bmp"], rows.Select(row => row["path"]));
        Assert.Equal(["ok", "rejected", "ok", "failed"], rows.Select(row => row["status"]));
        Assert.Equal("too_small", rows[1]["reason"]);
        Assert.NotEqual("", rows[3]["reason"]);
        Assert.Equal(["a, b", "small", "", "gone"], rows.Select(row => row["caption"]));
        Assert.Equal("caption", rows[0].Header.Columns[^1]);
    }

    [Fact]
    public void A_teacher_without_a_head_gives_probes_and_no_logit_scores()
    {
        using ScoringWorld world = new();
        ScoringWorld.Score(Options(world, world.Images("images", 3)) with { Teacher = world.Teacher(classes: 0) });

        foreach (TableRow row in ScoringWorld.Rows(world["scores.csv"]))
        {
            Assert.Equal(Status.Ok, row["status"]);
            foreach (string column in new[] { "prediction", "class_name", "confidence", "entropy", "energy", "pseudo_label_ce" })
                Assert.Equal("", row[column]);
            double variance = double.Parse(row["probe_variance_0"]!, CultureInfo.InvariantCulture),
                cosine = double.Parse(row["probe_cosine_0"]!, CultureInfo.InvariantCulture);
            Assert.Equal(1 / Math.Sqrt(1 + variance), cosine, 6);
        }
    }

    [Fact]
    public void Scoring_twice_gives_the_same_bytes_whatever_the_workers()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, world.Images("images", 30, brokenEvery: 7));
        ScoringWorld.Score(options with { Output = world["a.csv"], Workers = 1 });
        ScoringWorld.Score(options with { Output = world["b.csv"], Workers = 5 });

        Assert.Equal(File.ReadAllBytes(world["a.csv"]), File.ReadAllBytes(world["b.csv"]));
    }

    [Fact]
    public void Live_tensors_do_not_grow_over_batches()
    {
        using ScoringWorld world = new();
        List<long> live = new();
        ScoringWorld.Score(Options(world, world.Images("images", 200)), _ => live.Add(torch.Tensor.TotalCount));

        Assert.Equal(50, live.Count);
        Assert.InRange(live[^1], 0, live[4]);
    }

    [Fact]
    public void An_existing_table_is_not_replaced_unasked()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, world.Images("images", 2));
        File.WriteAllText(options.Output, "mine");

        ScoreException refusal = Assert.Throws<ScoreException>(() => ScoringWorld.Score(options));

        Assert.Contains("Overwrite", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(options.Output));
    }

    [Fact]
    public void A_block_that_the_teacher_lacks_is_refused_with_those_it_has()
    {
        using ScoringWorld world = new();
        ScoreException refusal = Assert.Throws<ScoreException>(() =>
            ScoringWorld.Score(Options(world, world.Images("images", 2)) with { Blocks = [2] })
        );
        Assert.Contains("0 to 1", refusal.Message, StringComparison.Ordinal);
    }

    internal static ScoreOptions Options(ScoringWorld world, string input) =>
        new()
        {
            Sources = [input],
            Teacher = world.Teacher(),
            Output = world["scores.csv"],
            BatchSize = 4,
            Workers = 2,
        };
}
