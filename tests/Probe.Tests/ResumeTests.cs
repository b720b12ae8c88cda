// An interrupted run continues and ends with the very bytes of an uninterrupted one.

namespace DataFreeKD.Probe.Tests;

public sealed class ResumeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_run_cancelled_at_random_moments_ends_byte_identical(int seed)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        ScoringWorld.Score(options with { Output = world["whole.csv"], EmbeddingsPath = world["whole.npy"] });

        Random random = new(seed);
        ScoreOptions resuming = options with { Resume = true };
        int interruptions = 0;
        while (true)
        {
            using CancellationTokenSource stop = new();
            int batches = random.Next(1, 7);
            try
            {
                ScoringWorld.Score(
                    resuming,
                    _ =>
                    {
                        if (--batches == 0)
                            stop.Cancel();
                    },
                    stop
                );
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.False(File.Exists(options.Output));
                // Too few batches to reach the next flush would never end: give later tries more.
                if (++interruptions == 6)
                    break;
            }
        }
        ScoringWorld.Score(resuming);

        Assert.NotEqual(0, interruptions);
        Assert.Equal(File.ReadAllBytes(world["whole.csv"]), File.ReadAllBytes(options.Output));
        Assert.Equal(File.ReadAllBytes(world["whole.npy"]), File.ReadAllBytes(options.EmbeddingsPath!));
        Assert.False(Directory.Exists(options.Output + ".parts"));
    }

    [Fact]
    public void A_resumed_run_does_not_score_finished_batches_again()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        ScoringWorld.Interrupt(options, batches: 5);

        long first = 0;
        ScoringWorld.Score(options with { Resume = true }, now => first = first == 0 ? now.Done : first);

        // Two batches a flush: four of the five were kept, so the first one scored is the fifth.
        Assert.Equal(5L * options.BatchSize!.Value, first);
    }

    [Fact]
    public void Another_teacher_batch_size_or_preprocessing_is_refused_on_resume()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        ScoringWorld.Interrupt(options, batches: 5);
        ScoreOptions resuming = options with { Resume = true };

        Assert.Throws<ScoreException>(() => ScoringWorld.Score(resuming with { Teacher = world.Teacher(seed: 2) }));
        Assert.Throws<ScoreException>(() => ScoringWorld.Score(resuming with { BatchSize = 3 }));
        Assert.Throws<ScoreException>(() => ScoringWorld.Score(resuming with { Blocks = [1] }));
        string config = Path.Combine(options.Teacher, "preprocessor_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("0.485", "0.5", StringComparison.Ordinal));
        Assert.Throws<ScoreException>(() => ScoringWorld.Score(resuming));
    }

    [Fact]
    public void Images_that_changed_places_are_refused_on_resume()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        ScoringWorld.Interrupt(options, batches: 5);
        File.Move(world["images/000.bmp"], world["images/zzz.bmp"]);

        ScoreException refusal = Assert.Throws<ScoreException>(() => ScoringWorld.Score(options with { Resume = true }));

        Assert.Contains("images/000.bmp", refusal.Message, StringComparison.Ordinal);
    }

    private static ScoreOptions Options(ScoringWorld world) =>
        ScoreRunTests.Options(world, world.Images("images", 42, brokenEvery: 5)) with
        {
            CheckpointEvery = 2,
            EmbeddingsPath = world["scores.npy"],
            Blocks = [],
        };
}
