// Scoring runs that write more than the usual columns.

using System.Globalization;
using System.Runtime.InteropServices;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;

namespace DataFreeKD.Probe.Tests;

public sealed class ExtraScoreRunTests
{
    private static readonly string[] NeedHead =
    [
        "max_logit",
        "margin",
        "gen",
        "weight_cosine",
        "react_energy",
        "view_agreement",
        "view_kl",
    ];

    [Fact]
    public void Extra_columns_follow_the_usual_ones_which_stay_as_they_are_and_precede_what_is_carried()
    {
        using ScoringWorld world = new();
        world.Images("images", 6, brokenEvery: 4);
        File.WriteAllText(
            world["manifest.csv"],
            "path,caption,margin\r\n" + string.Concat(Enumerable.Range(0, 6).Select(i => $"images/{i:D3}.bmp,c{i},of another teacher\r\n"))
        );
        ScoreOptions options = ScoreRunTests.Options(world, world["manifest.csv"]);
        ScoringWorld.Score(options with { Output = world["usual.csv"] });
        ScoringWorld.Score(options with { ExtraScores = ["all"] });

        List<TableRow> usual = ScoringWorld.Rows(world["usual.csv"]),
            more = ScoringWorld.Rows(world["scores.csv"]);
        IReadOnlyList<string> before = usual[0].Header.Columns;
        Assert.Equal(
            [
                .. before.SkipLast(1),
                "max_logit",
                "margin",
                "gen",
                "feature_norm",
                "weight_cosine",
                "react_energy",
                "probe_entropy_0",
                "probe_entropy_1",
                "rollout_entropy",
                "rollout_variance",
                "view_agreement",
                "view_kl",
                "intact",
                "caption",
            ],
            more[0].Header.Columns
        );
        foreach ((TableRow one, TableRow other) in usual.Zip(more))
        {
            Assert.Equal(one.Fields, before.Select(column => other[column]));
            Assert.All(Extra(more), column => Assert.Equal(one["status"] == Status.Ok, other[column]!.Length > 0));
        }
    }

    [Fact]
    public void A_teacher_without_a_head_leaves_empty_what_needs_one()
    {
        using ScoringWorld world = new();
        ScoringWorld.Score(
            ScoreRunTests.Options(world, world.Images("images", 3)) with
            {
                Teacher = world.Teacher(classes: 0),
                ExtraScores = ["all"],
            }
        );

        List<TableRow> rows = ScoringWorld.Rows(world["scores.csv"]);
        Assert.All(rows, row => Assert.All(Extra(rows), column => Assert.Equal(NeedHead.Contains(column), row[column]!.Length == 0)));
    }

    [Theory]
    [InlineData("vit:img=8,patch=4,dim=12,depth=2,heads=3,classes=5,distilled")]
    [InlineData("vit:img=8,patch=4,dim=12,depth=3,heads=3,classes=5,registers=4,layerscale,noembedclass")]
    public void Batches_change_nothing_but_noise_and_parquet_holds_the_same(string spec)
    {
        using ScoringWorld world = new();
        using (ImageModel model = ModelRegistry.Resolve(spec).Create(3))
            ModelStore.Save(world["teacher"], model, new Preprocessing { ImageSize = 8, CropPct = 1 }, []);
        ScoreOptions options = ScoreRunTests.Options(world, world.Images("images", 23, brokenEvery: 5)) with
        {
            Teacher = world["teacher"],
            ExtraScores = ["all"],
            Blocks = [],
        };
        ScoringWorld.Score(options);
        List<TableRow> rows = ScoringWorld.Rows(world["scores.csv"]);

        foreach (int size in new[] { 1, 7, 64 })
        {
            ScoringWorld.Score(options with { BatchSize = size, Output = world[$"{size}.parquet"] });
            List<TableRow> others = ScoringWorld.Rows(world[$"{size}.parquet"]);
            Assert.Equal(rows[0].Header.Columns, others[0].Header.Columns);
            foreach ((TableRow row, TableRow other) in rows.Zip(others))
                Assert.All(Extra(rows), column =>
                    Assert.Equal(Numbers.Parse(row[column], row, column), Numbers.Parse(other[column], other, column), 1e-5)
                );
        }
    }

    [Fact]
    public void Features_are_clipped_at_a_percentile_of_the_pool_which_provenance_tells_and_which_can_be_given()
    {
        using ScoringWorld world = new();
        ScoreOptions options = ScoreRunTests.Options(world, world.Images("images", 12, brokenEvery: 5)) with
        {
            ExtraScores = ["react_energy"],
            EmbeddingsPath = world["e.npy"],
        };
        ScoringWorld.Score(options);

        float[] activations =
        [
            .. MemoryMarshal
                .Cast<byte, float>(File.ReadAllBytes(world["e.npy"]).AsSpan()[^(12 * 12 * sizeof(float))..])
                .ToArray()
                .Where(float.IsFinite)
                .Order(),
        ];
        double place = 0.9 * (activations.Length - 1);
        double expected = activations[(int)place] + ((place - (int)place) * (activations[(int)place + 1] - activations[(int)place]));
        double clip = double.Parse(Provenance.ReadBeside(options.Output)!.Options["react-clip"], CultureInfo.InvariantCulture);
        Assert.Equal(10 * 12, activations.Length);
        Assert.Equal(expected, clip, 1e-6);

        ScoringWorld.Score(options with { Output = world["given.csv"], EmbeddingsPath = world["given.npy"], ReactClip = clip });
        ScoringWorld.Score(options with { Output = world["high.csv"], EmbeddingsPath = world["high.npy"], ReactClip = 1e6 });
        Assert.Equal(File.ReadAllBytes(options.Output), File.ReadAllBytes(world["given.csv"]));
        // Nothing is as high as that: what is left is the energy itself.
        foreach (TableRow row in ScoringWorld.Rows(world["high.csv"]).Where(row => row["status"] == Status.Ok))
            Assert.Equal(Numbers.Parse(row["energy"], row, "energy"), Numbers.Parse(row["react_energy"], row, "react_energy"), 1e-5);
    }

    [Fact]
    public void Corrupted_copies_are_learned_once_and_the_classifier_serves_other_runs_of_the_same_teacher_alone()
    {
        using ScoringWorld world = new();
        ScoreOptions options = ScoreRunTests.Options(world, world.Images("images", 450, brokenEvery: 40)) with { ExtraScores = ["intact"] };
        ScoreSummary summary = ScoringWorld.Score(options);
        string model = ScoreRun.IntactModelBeside(options.Output);
        ScoringWorld.Score(options with { Output = world["given.csv"], CopyModelPath = model });

        Assert.Equal(439, summary.Intact!.Pool);
        Assert.Equal(439, summary.Intact.Copies);
        Assert.Equal(11, summary.Intact.Kinds.Count);
        Assert.Contains("\"Learned\":", Provenance.ReadBeside(options.Output)!.Options["intact"], StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(options.Output), File.ReadAllBytes(world["given.csv"]));
        Assert.False(File.Exists(ScoreRun.IntactModelBeside(world["given.csv"])));
        Assert.Contains(
            "same teacher",
            Assert
                .Throws<ScoreException>(() =>
                    ScoringWorld.Score(
                        options with
                        {
                            Output = world["other.csv"],
                            CopyModelPath = model,
                            Teacher = world.Teacher(classes: 0),
                        }
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

        // Pools at least as large as the sample are halved until it holds them.
        Assert.InRange(ScoringWorld.Score(options with { Output = world["few.csv"], CopySample = 300 }).Intact!.Pool, 100, 300);
    }

    [Fact]
    public void An_interrupted_run_with_every_score_ends_with_the_bytes_of_an_uninterrupted_one()
    {
        using ScoringWorld world = new();
        ScoreOptions options = ScoreRunTests.Options(world, world.Images("images", 30, brokenEvery: 7)) with
        {
            CheckpointEvery = 2,
            ExtraScores = ["all"],
        };
        ScoringWorld.Score(options with { Output = world["whole.csv"] });
        ScoringWorld.Interrupt(options, batches: 5);

        Assert.Throws<ScoreException>(() => ScoringWorld.Score(options with { Resume = true, Views = 2 }));
        Assert.Throws<ScoreException>(() => ScoringWorld.Score(options with { Resume = true, ReactClip = 1 }));
        Assert.Throws<ScoreException>(() => ScoringWorld.Score(options with { Resume = true, ExtraScores = [] }));
        ScoringWorld.Score(options with { Resume = true });

        Assert.Equal(File.ReadAllBytes(world["whole.csv"]), File.ReadAllBytes(options.Output));
    }

    [Fact]
    public void Single_files_get_the_extra_figures_of_the_table_by_the_clip_of_its_pool()
    {
        using ScoringWorld world = new();
        ScoreOptions options = ScoreRunTests.Options(world, world.Images("images", 5)) with { ExtraScores = ["all"] };
        ScoringWorld.Score(options);
        double clip = double.Parse(Provenance.ReadBeside(options.Output)!.Options["react-clip"], CultureInfo.InvariantCulture);

        Assert.Contains("react-clip", Refusal(options), StringComparison.Ordinal);
        Assert.Contains(".intact.zip", Refusal(options with { ReactClip = clip }), StringComparison.Ordinal);
        using Teacher probe = new(options with { ReactClip = clip, CopyModelPath = ScoreRun.IntactModelBeside(options.Output) });
        List<TableRow> rows = ScoringWorld.Rows(options.Output);
        foreach (
            (TableRow row, double[]? figures) in rows.Zip(
                probe.ScoreFiles([.. rows.Select(row => world[row["path"]!])], TestContext.Current.CancellationToken)
            )
        )
        {
            foreach ((string column, double figure) in probe.Columns.Zip(figures!))
                Assert.Equal(Numbers.Parse(row[column], row, column), figure, 1e-5);
        }
        Assert.Superset(Extra(rows).ToHashSet(), probe.Columns.ToHashSet());
    }

    [Fact]
    public void A_pool_of_which_nothing_decodes_has_rows_and_no_figures()
    {
        using ScoringWorld world = new();
        ScoringWorld.Score(ScoreRunTests.Options(world, world.Images("images", 3, brokenEvery: 1)) with { ExtraScores = ["all"] });

        Assert.All(ScoringWorld.Rows(world["scores.csv"]), row => Assert.Equal("", row["react_energy"]));
    }

    [Theory]
    [InlineData("entropy", 5, "max_logit")]
    [InlineData("all", 0, "Views 0")]
    [InlineData("all", 10, "1 to 9")]
    public void Names_and_numbers_that_there_are_not_are_refused(string name, int views, string hint)
    {
        ScoreOptions options = new()
        {
            Sources = ["i"],
            Teacher = "t",
            Output = "o.csv",
            ExtraScores = [name],
            Views = views,
        };
        Assert.Contains(hint, Assert.Throws<ScoreException>(options.Validate).Message, StringComparison.Ordinal);
    }

    private static string Refusal(TeacherOptions options)
    {
        using Teacher unfitted = new(options);
        return Assert.Throws<ScoreException>(() => unfitted.Score(new MemoryImage("a", [1]))).Message;
    }

    private static IEnumerable<string> Extra(List<TableRow> rows) =>
        rows[0].Header.Columns.Where(column => ExtraScore.All.SelectMany(score => score.Columns([0, 1, 2])).Contains(column));
}
