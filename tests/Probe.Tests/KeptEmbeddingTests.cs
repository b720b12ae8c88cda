// Embeddings that are kept unasked: where they are cheap and of use, and only as long as they are those of the table.

using DataFreeKD.Manifests;
using DataFreeKD.Probe.Cascade;

namespace DataFreeKD.Probe.Tests;

public sealed class KeptEmbeddingTests
{
    [Fact]
    public void They_lie_beside_the_table_and_its_provenance_says_so()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, 5);
        ScoreSummary summary = ScoringWorld.Score(options);
        ScoringWorld.Score(options with { Output = world["asked.csv"], KeepEmbeddings = false, EmbeddingsPath = world["asked.npy"] });

        Assert.Equal(world["scores.embeddings.npy"], summary.Embeddings);
        Assert.Equal(File.ReadAllBytes(world["asked.npy"]), File.ReadAllBytes(world["scores.embeddings.npy"]));
        Provenance made = Provenance.ReadBeside(options.Output)!;
        Assert.Equal("scores.embeddings.npy", made.Options["embeddings"]);
        Assert.Equal(Provenance.HashFile(options.Output, TestContext.Current.CancellationToken), made.Options["table-sha256"]);
        Assert.Equal("asked.npy", Provenance.ReadBeside(world["asked.csv"])!.Options["embeddings"]);
        Assert.False(File.Exists(world["asked.embeddings.npy"]));
    }

    [Fact]
    public void A_teacher_without_head_and_a_cascade_keep_none_and_an_earlier_runs_go()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, 5);
        ScoringWorld.Score(options);

        Assert.Null(ScoringWorld.Score(options with { Teacher = world.Teacher(0) }).Embeddings);
        Assert.False(File.Exists(world["scores.embeddings.npy"]));
        Assert.DoesNotContain("embeddings", Provenance.ReadBeside(options.Output)!.Options.Keys);

        ScoringWorld.Score(options);
        Assert.True(File.Exists(world["scores.embeddings.npy"]));
        CascadeRanking ranking = new("entropy", columns => (["entropy"], sample => [.. sample[0].Select(value => -value)]));
        Assert.Null(
            ScoringWorld
                .Score(
                    options with
                    {
                        Cascade = new CascadeOptions { Budget = 5, Ranking = ranking },
                    }
                )
                .Embeddings
        );
        Assert.False(File.Exists(world["scores.embeddings.npy"]));
    }

    [Fact]
    public void An_interrupted_run_ends_with_the_same_bytes()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, 5) with { BatchSize = 2, CheckpointEvery = 2, Output = world["stopped.csv"] };
        ScoringWorld.Score(options with { Output = world["whole.csv"] });
        using (CancellationTokenSource stop = new())
        {
            int batches = 0;
            Assert.ThrowsAny<OperationCanceledException>(() =>
                ScoringWorld.Score(
                    options,
                    _ =>
                    {
                        if (++batches == 3)
                            stop.Cancel();
                    },
                    stop
                )
            );
        }
        Assert.False(File.Exists(world["stopped.embeddings.npy"]));
        ScoringWorld.Score(options with { Overwrite = false, Resume = true });
        Assert.Equal(File.ReadAllBytes(world["whole.embeddings.npy"]), File.ReadAllBytes(world["stopped.embeddings.npy"]));
    }

    private static ScoreOptions Options(ScoringWorld world, int classes) =>
        new()
        {
            Sources = [world.Images("images", 20, brokenEvery: 7)],
            Teacher = world.Teacher(classes),
            Output = world["scores.csv"],
            KeepEmbeddings = true,
            Overwrite = true,
        };
}
