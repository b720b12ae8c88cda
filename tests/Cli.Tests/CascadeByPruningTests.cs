// The cascade that the command runs: a student pruned from the pool itself, and a reason where none can be had.

using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Testing;
using DataFreeKD.Toolkit;

namespace DataFreeKD.Cli.Tests;

public sealed class CascadeByPruningTests
{
    private const int Pool = 120,
        Wanted = 20;

    [Fact]
    public void A_student_of_a_part_of_the_teacher_finds_nearly_all_of_the_best()
    {
        using TempFolder folder = new();
        ScoreOptions options = Options(folder, qkNorm: false);
        Score(options with { Output = folder["full.csv"], Cascade = null });
        CascadeVerdict told = Score(options).Cascade!;

        Assert.StartsWith("vit:img=16,patch=4,dim=16,", told.Student, StringComparison.Ordinal);
        Assert.InRange(told.StudentShare, 0.05, 0.6);
        Assert.Equal((30, null), (told.PrunedOn, told.NoStudent));
        using TableReader full = Table.Open(folder["full.csv"]),
            dropped = Table.Open(options.Output);
        TableRow[] all = [.. full.Rows(TestContext.Current.CancellationToken)],
            left = [.. dropped.Rows(TestContext.Current.CancellationToken)];
        (IReadOnlyList<string> columns, Func<IReadOnlyList<double[]>, double[]> score) = options.Cascade!.Ranking.Bind(full.Header.Columns);
        double[] scores = score([.. columns.Select(column => all.Select(row => double.Parse(row[column]!, Invariant)).ToArray())]);
        int[] best = [.. Enumerable.Range(0, Pool).OrderByDescending(i => scores[i]).Take(Wanted)];
        Assert.InRange(best.Count(i => left[i]["status"] == Status.Ok), Wanted - 2, Wanted);
        Assert.InRange(left.Count(row => row["status"] == Status.Skipped), Pool / 3, Pool);
    }

    [Fact]
    public void Of_a_teacher_without_a_closed_form_the_first_blocks_are_tried_and_the_reason_is_told()
    {
        using TempFolder folder = new();
        CascadeVerdict told = Score(Options(folder, qkNorm: true)).Cascade!;
        Assert.Null(told.Student);
        Assert.Contains("norms of queries and keys", told.NoStudent, StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_that_first_blocks_cannot_give_are_refused_with_the_reason_why_there_is_no_student()
    {
        using TempFolder folder = new();
        string message = Assert
            .Throws<ScoreException>(() => Score(Options(folder, qkNorm: true) with { ExtraScores = ["rollout_entropy"] }))
            .Message;
        Assert.Contains("norms of queries and keys", message, StringComparison.Ordinal);
        Assert.Contains("rollout", message, StringComparison.Ordinal);
    }

    private static readonly System.Globalization.CultureInfo Invariant = System.Globalization.CultureInfo.InvariantCulture;

    private static ScoreSummary Score(ScoreOptions options) => ScoreRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private static ScoreOptions Options(TempFolder folder, bool qkNorm)
    {
        string teacher = folder["teacher"];
        using VisionTransformer model = new(
            new VitConfig
            {
                ImageSize = 16,
                PatchSize = 4,
                Width = 32,
                Depth = 3,
                Heads = 2,
                MlpHidden = 64,
                Classes = 5,
                QkNorm = qkNorm,
            },
            1
        );
        ModelStore.Save(teacher, model, new Preprocessing { ImageSize = 16, CropPct = 1 }, []);
        string images = Directory.CreateDirectory(folder["images"]).FullName;
        for (int i = 0; i < Pool; i++)
            File.WriteAllBytes(Path.Combine(images, $"{i:D3}.bmp"), NoiseBitmap.Of(8 + (i % 9), 6 + (i % 7), i));
        return new ScoreOptions
        {
            Sources = [images],
            Teacher = teacher,
            Output = folder["scores.csv"],
            Cascade = new CascadeOptions
            {
                Budget = Wanted,
                Keep = 0.5,
                Ranking = CascadeBySelection.Of("combined"),
                Pruning = CascadeByPruning.Of(0.5),
            },
        };
    }
}
