// Whatever lies in a folder or a table has a row in the scores, with the reason why it was not scored.

using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Probe.Tests;

public sealed class EveryKindTests : IDisposable
{
    private readonly ScoringWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void A_folder_of_every_kind_of_file_has_as_many_rows_as_files_and_each_reason_is_right()
    {
        IReadOnlyDictionary<string, string> expected = EveryKind.Write(world["wild"]);

        ScoringWorld.Score(
            new ScoreOptions
            {
                Sources = [world["wild"]],
                Teacher = world.Teacher(),
                Output = world["scores.csv"],
            }
        );

        List<TableRow> rows = ScoringWorld.Rows(world["scores.csv"]);
        Assert.Equal(
            expected.Select(pair => $"{pair.Key}: {(pair.Value.Length == 0 ? "ok" : "failed")} {pair.Value}").Order(StringComparer.Ordinal),
            rows.Select(row => $"{row["path"]!["wild/".Length..]}: {row["status"]} {row["reason"]}").Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("index.csv", ",path,label\n0,wild/000.bmp,x\n")]
    [InlineData("hf.csv", "file_name,text\nwild/000.bmp,x\n")]
    [InlineData("semicolon.csv", "path;label\nwild/000.bmp;x\n")]
    [InlineData("list.tsv", "path\tlabel\nwild/000.bmp\tx\n")]
    [InlineData("metadata.jsonl", "{\"file_name\": \"wild/000.bmp\"}\n")]
    [InlineData("list.txt", "wild/000.bmp\n")]
    public void A_table_of_one_image_is_scored_whatever_it_calls_its_column(string name, string text)
    {
        world.Images("wild", 1);
        File.WriteAllText(world[name], text);
        ScoringWorld.Score(
            new ScoreOptions
            {
                Sources = [world[name]],
                Teacher = world.Teacher(),
                Output = world["scores.csv"],
            }
        );
        Assert.Equal(("wild/000.bmp", "ok"), ScoringWorld.Rows(world["scores.csv"]).Select(row => (row["path"], row["status"])).Single());
    }

    [Fact]
    public void A_status_of_somebody_else_is_no_verdict_and_one_of_ours_is()
    {
        world.Images("wild", 3);
        File.WriteAllText(world["list.csv"], "path,status,reason\nwild/000.bmp,success,\nwild/001.bmp,failed,http_404\nwild/002.bmp,ok,\n");
        ScoringWorld.Score(
            new ScoreOptions
            {
                Sources = [world["list.csv"]],
                Teacher = world.Teacher(),
                Output = world["scores.csv"],
            }
        );
        Assert.Equal(
            ["ok ", "failed http_404", "ok "],
            ScoringWorld.Rows(world["scores.csv"]).Select(row => $"{row["status"]} {row["reason"]}")
        );
    }

    [Fact]
    public void Links_are_scored_where_they_are_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        world.Images("blobs", 1);
        Directory.CreateDirectory(world["snap"]);
        File.CreateSymbolicLink(world["snap/1.png"], "../blobs/000.bmp");
        ScoreOptions options = new()
        {
            Sources = [world["snap"]],
            Teacher = world.Teacher(),
            Output = world["scores.csv"],
            Overwrite = true,
        };
        ScoringWorld.Score(options);
        Assert.Equal("failed link", ScoringWorld.Rows(world["scores.csv"]).Select(row => $"{row["status"]} {row["reason"]}").Single());
        ScoringWorld.Score(options with { FollowLinks = true });
        Assert.Equal("snap/1.png ok", ScoringWorld.Rows(world["scores.csv"]).Select(row => $"{row["path"]} {row["status"]}").Single());
    }

    [Fact]
    public void A_link_that_a_copy_left_as_its_text_is_a_link()
    {
        world.Images("blobs", 1);
        Directory.CreateDirectory(world["snap"]);
        File.WriteAllText(world["snap/1.png"], "../blobs/000.bmp");
        ScoreOptions options = new()
        {
            Sources = [world["snap"]],
            Teacher = world.Teacher(),
            Output = world["scores.csv"],
            Overwrite = true,
        };
        ScoringWorld.Score(options);
        Assert.Equal("failed link", ScoringWorld.Rows(world["scores.csv"]).Select(row => $"{row["status"]} {row["reason"]}").Single());
        ScoringWorld.Score(options with { FollowLinks = true });
        Assert.Equal("snap/1.png ok", ScoringWorld.Rows(world["scores.csv"]).Select(row => $"{row["path"]} {row["status"]}").Single());
    }

    [Fact]
    public void What_waits_beyond_the_budget_is_decoded_early_and_scores_the_same()
    {
        string wild = world.Images("wild", 12, brokenEvery: 5);
        ScoreOptions options = new()
        {
            Sources = [wild],
            Teacher = world.Teacher(),
            Output = world["usual.csv"],
            BatchSize = 4,
        };
        ScoringWorld.Score(options);
        using TeacherPass teacher = new(options) { MostWaiting = 700 };
        ScoreInput[] inputs = [.. teacher.Bounded(new ScoreInputs(options).Enumerate(TestContext.Current.CancellationToken))];
        Assert.Contains(inputs, input => input.Early is not null);
        Assert.Contains(inputs, input => input.Early is null);
        Assert.All(inputs.Where(input => input.Early is not null), input => Assert.Empty(input.Image.Bytes!));
        Assert.Equal(
            ScoringWorld.Rows(world["usual.csv"]).Select(row => row["prediction"]),
            inputs
                .Chunk(4)
                .SelectMany(teacher.Score)
                .Select(image => image.Scores?.Prediction?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "")
        );
    }
}
