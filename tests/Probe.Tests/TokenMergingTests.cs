// Scoring with merged patches: other figures in the same columns, and refusals by name.

using DataFreeKD.Manifests;
using DataFreeKD.Probe.Cascade;

namespace DataFreeKD.Probe.Tests;

public sealed class TokenMergingTests
{
    [Fact]
    public void Rows_keep_their_columns_and_change_their_figures_and_another_number_of_patches_starts_over()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 12);
        ScoreOptions options = ScoreRunTests.Options(world, images) with { Output = world["scores.csv"] };
        ScoringWorld.Score(options with { Output = world["whole.csv"] });
        ScoringWorld.Score(options with { TokenMerging = 1 });

        List<TableRow> whole = ScoringWorld.Rows(world["whole.csv"]),
            merged = ScoringWorld.Rows(options.Output);
        Assert.Equal(whole.Select(row => (row["path"], row["status"])), merged.Select(row => (row["path"], row["status"])));
        Assert.NotEqual(whole.Select(row => row["entropy"]), merged.Select(row => row["entropy"]));
        // Nothing was merged before the first block's attention.
        Assert.Equal(whole.Select(row => row["probe_variance_0"]), merged.Select(row => row["probe_variance_0"]));
        Assert.Equal("1", Provenance.ReadBeside(options.Output)!.Options["token-merging"]);
        Assert.Equal(0, ScoringWorld.Score(options with { Resume = true }).Copied);
    }

    [Fact]
    public void What_cannot_merge_is_refused_by_name()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 2);
        ScoreOptions options = ScoreRunTests.Options(world, images) with { TokenMerging = 2 };
        CascadeRanking ranking = new("entropy", _ => (["entropy"], columns => columns[0]));

        Assert.Contains("0 or more", Refused(options with { TokenMerging = -1 }), StringComparison.Ordinal);
        Assert.Contains("Runtime onnx", Refused(options with { Runtime = TeacherRuntime.Onnx }), StringComparison.Ordinal);
        Assert.Contains("rollout_entropy", Refused(options with { ExtraScores = ["rollout_entropy"] }), StringComparison.Ordinal);
        Assert.Contains(
            "cascade",
            Refused(
                options with
                {
                    Cascade = new CascadeOptions { Budget = 1, Ranking = ranking },
                }
            ),
            StringComparison.Ordinal
        );

        static string Refused(ScoreOptions options)
        {
            string message = Assert.Throws<ScoreException>(() => ScoringWorld.Score(options)).Message;
            Assert.StartsWith("TokenMerging", message, StringComparison.Ordinal);
            return message;
        }
    }
}
