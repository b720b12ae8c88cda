// The teacher as the judge of a crawl: label-free, repeatable, and unmoved by broken files.

using DataFreeKD.Crawler.Steering;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Testing;
using DataFreeKD.Toolkit;

namespace DataFreeKD.Cli.Tests;

public sealed class TeacherJudgeTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void Told_its_figures_again_a_judge_repeats_its_verdicts_without_looking(int classes)
    {
        using TempFolder folder = new();
        SteeringSample[] first = Images(folder, 0, 40),
            second = Images(folder, 40, 40);
        using TeacherJudge judge = new(Teacher(folder, classes)),
            again = new(Teacher(folder, classes));
        IReadOnlyList<SteeringVerdict> before = judge.Judge(first, TestContext.Current.CancellationToken),
            after = judge.Judge(second, TestContext.Current.CancellationToken);
        foreach (SteeringSample image in first)
            File.Delete(image.Path);

        IReadOnlyList<SteeringVerdict> repeated = again.Judge(
            [.. first.Zip(before, (image, verdict) => image with { Figures = verdict.Figures })],
            TestContext.Current.CancellationToken
        );

        Assert.Equal(before.Select(verdict => verdict.Useful), repeated.Select(verdict => verdict.Useful));
        Assert.Equal(
            after.Select(verdict => verdict.Useful),
            again.Judge(second, TestContext.Current.CancellationToken).Select(verdict => verdict.Useful)
        );
        Assert.InRange(before.Average(verdict => verdict.Useful), 0.15, 0.25);
    }

    [Fact]
    public void A_file_that_cannot_be_scored_is_useless_and_keeps_the_others_in_their_places()
    {
        using TempFolder folder = new();
        SteeringSample[] images = Images(folder, 0, 20);
        using TeacherJudge whole = new(Teacher(folder, 5)),
            broken = new(Teacher(folder, 5));
        double[] expected = [.. whole.Judge(images, TestContext.Current.CancellationToken).Select(verdict => verdict.Useful)];
        File.WriteAllText(folder["broken.bmp"], "no image");

        double[] judged =
        [
            .. broken
                .Judge([images[0], new SteeringSample(folder["broken.bmp"], "host"), .. images[1..]], TestContext.Current.CancellationToken)
                .Select(verdict => verdict.Useful),
        ];

        Assert.Equal([expected[0], 0, .. expected[1..]], judged);
    }

    private static ScoreOptions Teacher(TempFolder folder, int classes)
    {
        using VisionTransformer model = new(
            new VitConfig
            {
                ImageSize = 8,
                PatchSize = 4,
                Width = 12,
                Depth = 2,
                Heads = 3,
                MlpHidden = 24,
                Classes = classes,
            },
            1
        );
        ModelStore.Save(
            folder["teacher"],
            model,
            new Preprocessing { ImageSize = 8, CropPct = 1 },
            [.. Enumerable.Range(0, classes).Select(index => $"class {index}")]
        );
        return new ScoreOptions
        {
            Teacher = folder["teacher"],
            Sources = [],
            Output = "",
            BatchSize = 16,
            Workers = 2,
        };
    }

    // Bitmaps of 8 x 8 pixels of noise; each from a host of its own.
    private static SteeringSample[] Images(TempFolder folder, int from, int count) =>
        [
            .. Enumerable
                .Range(from, count)
                .Select(i =>
                {
                    byte[] file = new byte[54 + 8 * 8 * 3];
                    new Random(i).NextBytes(file.AsSpan(54));
                    "BM"u8.CopyTo(file);
                    BitConverter.TryWriteBytes(file.AsSpan(2), file.Length);
                    (file[10], file[14], file[18], file[22], file[26], file[28]) = (54, 40, 8, 8, 1, 24);
                    File.WriteAllBytes(folder[$"{i}.bmp"], file);
                    return new SteeringSample(folder[$"{i}.bmp"], $"host{i}");
                }),
        ];
}
