// No image at all: a teacher's own images go through the same store, scores, selection and distillation.

using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class SynthesisTests(TinyWorld world)
{
    private string Source => $"synth://{world.Teacher}?count=40&steps=30&batch=16&shift=2";

    [Fact]
    public void A_student_is_distilled_from_images_that_the_teacher_made()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("crawl", Source, "-o", folder["store"]).Succeeds();
        Programs.RunDfkd("score", folder["store/manifest.csv"], "--teacher", world.Teacher, "-o", folder["scores.csv"]).Succeeds();
        Programs.RunDfkd("select", folder["scores.csv"], "--budget", "30", "-o", folder["selected.csv"]).Succeeds();
        Programs
            .RunDfkd(
                "distill",
                folder["selected.csv"],
                "--teacher",
                world.Teacher,
                "--student",
                "vit:img=32,patch=8,dim=16,depth=2,heads=1",
                "--steps",
                "3",
                "--batch-size",
                "8",
                "-o",
                folder["student"]
            )
            .Succeeds();

        string[] rows = File.ReadAllLines(folder["store/manifest.csv"]);
        Assert.Equal(
            40,
            rows.Count(row => row.Contains(",synth://teacher?", StringComparison.Ordinal) && row.Contains(",ok,", StringComparison.Ordinal))
        );
        Assert.True(File.Exists(folder["student/model.safetensors"]));
        Assert.False(Directory.Exists(folder["store/.synth"]));
    }

    [Fact]
    public void A_killed_synthesis_makes_the_rest_and_ends_with_the_same_images()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("crawl", Source, "-o", folder["whole"]).Succeeds();

        string[] command = ["crawl", Source, "-o", folder["killed"]];
        string made = folder["killed/.synth"];
        KillTests.KillWhen(
            () => Directory.Exists(made) && Directory.EnumerateFiles(made, "*.png", SearchOption.AllDirectories).Any(),
            "a first image",
            command
        );
        Assert.False(File.Exists(folder["killed/manifest.csv"]));
        Programs.RunDfkd(command).Succeeds();

        Assert.Equal(File.ReadAllBytes(folder["whole/manifest.csv"]), File.ReadAllBytes(folder["killed/manifest.csv"]));
    }
}
