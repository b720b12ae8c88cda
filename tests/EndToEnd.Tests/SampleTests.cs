// The samples run as they are, on the tiny world.

using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Selector;
using DataFreeKD.Testing;
using DataFreeKD.Toolkit;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class SampleTests(TinyWorld world)
{
    [Fact]
    public void Scoring_a_folder_prints_the_ten_surest_images()
    {
        using TempFolder folder = new();

        Finished run = Programs.RunSample("ScoreFolder", world.Teacher, world.Wild, folder["scores.csv"]).Succeeds();

        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(11, lines.Length);
        Assert.StartsWith("1126 images", lines[0], StringComparison.Ordinal);
        double[] entropies =
        [
            .. lines[1..].Select(line => double.Parse(line.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)),
        ];
        Assert.Equal(entropies.Order(), entropies);
    }

    [Fact]
    public void Exporting_a_selection_lays_out_a_folder_a_class()
    {
        using TempFolder folder = new();

        Programs.RunSample("ExportSelection", world.Scores, "40", folder["out"]).Succeeds();

        string[] images = Directory.GetFiles(folder["out"], "*.png", SearchOption.AllDirectories);
        Assert.Equal(40, images.Length);
        using TableReader table = Table.Open(folder["out/selected.csv"]);
        Assert.Equal(
            table.Rows(TestContext.Current.CancellationToken).Select(row => row["class_name"]).Order(StringComparer.Ordinal),
            images.Select(image => Path.GetFileName(Path.GetDirectoryName(image))).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Compressing_by_one_call_goes_on_where_it_stopped_and_keeps_its_folder_to_its_options()
    {
        using TempFolder folder = new();
        string[] Arguments(string minutes) =>
            [world.Teacher, world.Wild, folder["out"], minutes, "vit:img=32,patch=8,dim=24,depth=4,heads=2"];

        Finished run = Programs.RunSample("Compress", Arguments("0.02")).Succeeds();

        Assert.Contains("of the teacher's accuracy", run.Output, StringComparison.Ordinal);
        foreach (
            string made in (string[])["scores.csv", "selected.csv", "pruned/model.safetensors", "student/model.safetensors", "report.html"]
        )
            Assert.True(File.Exists(folder["out/" + made]), made);

        byte[] pruned = File.ReadAllBytes(folder["out/pruned/model.safetensors"]);
        File.Delete(folder["out/pruned/model.safetensors"]);
        Programs.RunSample("Compress", Arguments("0.02")).Succeeds();
        Assert.Equal(pruned, File.ReadAllBytes(folder["out/pruned/model.safetensors"]));

        Assert.Contains("was made with minutes '0.02'", Programs.RunSample("Compress", Arguments("5")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_in_memory_are_scored_selected_pruned_and_evaluated_by_the_program_of_the_docs()
    {
        using TempFolder folder = new();
        string said = Programs.RunSample("InMemory", world.Teacher, world.Wild, folder["student"]).Succeeds().Output;
        Assert.Contains("agrees with its teacher on", said, StringComparison.Ordinal);
        Assert.Contains("parameters", Programs.RunDfkd("inspect", folder["student"]).Succeeds().Output, StringComparison.Ordinal);
        Assert.Contains(
            File.ReadAllText(Path.Combine(Programs.Root, "samples", "InMemory", "Program.cs")).Trim(),
            File.ReadAllText(Path.Combine(Programs.Root, "docs", "library.md")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_source_a_score_a_method_and_a_loss_of_one_s_own_work_together()
    {
        using TempFolder folder = new();
        string said = Programs
            .RunSample("OwnParts", world.Teacher, world.Wild, folder["out"], "vit:img=32,patch=8,dim=24,depth=4,heads=2")
            .Succeeds()
            .Output;
        Assert.Contains("the widest gap is", said, StringComparison.Ordinal);
        Assert.StartsWith("path,sha256", File.ReadLines(folder["out/selected.csv"]).First(), StringComparison.Ordinal);
        Assert.EndsWith(",logit_gap", File.ReadLines(folder["out/selected.csv"]).First(), StringComparison.Ordinal);
        Assert.Equal(
            File.ReadLines(folder["out/selected.csv"]).Count() - 1,
            File.ReadLines(folder["out/selected.jsonl"]).Count(line => line.Contains("\"image\":", StringComparison.Ordinal))
        );
        Assert.Contains("logit-error", File.ReadLines(folder["out/student/training/metrics.csv"]).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_in_memory_is_selected_from_as_its_table()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["scores.csv"]).Succeeds();
        Programs.RunDfkd("select", folder["scores.csv"], "--budget", "30", "-o", folder["selected.csv"]).Succeeds();
        using TableReader rows = Table.Open(folder["scores.csv"]),
            wanted = Table.Open(folder["selected.csv"]);
        CancellationToken cancel = TestContext.Current.CancellationToken;
        MemoryImage[] images = [.. rows.UsablePaths(cancel).Select(path => new MemoryImage(path, File.ReadAllBytes(path)))];
        using Teacher teacher = Teacher.Load(world.Teacher);

        IReadOnlyList<SelectedImage> selected = ImageSelection.From(teacher.Score(images, cancel), budget: 30);

        Assert.Equal(wanted.UsablePaths(cancel), selected.Select(one => one.Scored.Image.Name));
        Assert.Equal(Enumerable.Range(1, 30), selected.Select(one => one.Rank));
        Assert.Contains(
            "at least 1",
            Assert.Throws<SelectionException>(() => ImageSelection.From([selected[0].Scored], budget: 0)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_sample_says_what_is_wrong_in_one_line()
    {
        using TempFolder folder = new();
        Assert.Contains(
            "nowhere",
            Programs.RunSample("ScoreFolder", world.Teacher, folder["nowhere"], folder["scores.csv"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "none.csv",
            Programs.RunSample("ExportSelection", folder["none.csv"], "5", folder["out"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "nothing",
            Programs.RunSample("Compress", folder["nothing"], world.Wild, folder["out"]).Error,
            StringComparison.Ordinal
        );
    }
}
