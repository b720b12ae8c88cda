// How often a batch of scores waits for the teacher's device.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Tests;

public sealed class HostReadTests
{
    [Theory]
    [InlineData(5, new string[0])]
    [InlineData(5, new[] { "logits", "features", "attention", "views" })]
    [InlineData(0, new[] { "logits", "features", "attention" })]
    public void A_batch_comes_from_the_device_in_one_copy_however_many_figures_it_has(int classes, string[] scores)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 6);
        using TeacherPass pass = new(
            new TeacherOptions
            {
                Teacher = world.Teacher(classes),
                Scores = scores,
                ReactClip = 1,
                BatchSize = 6,
            }
        );
        ScoreInput[] batch =
        [
            .. ImageInputs
                .Read([.. Directory.EnumerateFiles(images).Order(StringComparer.Ordinal)], cancel: TestContext.Current.CancellationToken)
                .Select(image => new ScoreInput(image, null)),
        ];
        long before = HostReads.Count;
        IReadOnlyList<ScoredInput> scored = pass.Score(batch);
        Assert.Equal(1, HostReads.Count - before);
        Assert.Equal(6, scored.Count(image => image.Scores is { Embedding.Length: 12 }));
        Assert.Equal(pass.ExtraColumns.Count, scored[0].Scores!.Extras.Length);
    }
}
