// The samples run as they are, on the tiny world.

using DataFreeKD.Manifests;
using DataFreeKD.Testing;

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
        double[] entropies = [.. lines[1..].Select(line => double.Parse(line.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture))];
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
            images.Select(image => Path.GetFileName(Path.GetDirectoryName(image))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Compressing_runs_all_four_stages()
    {
        using TempFolder folder = new();

        Finished run = Programs.RunSample("Compress", world.Teacher, world.Wild, "vit:img=32,patch=8,dim=16,depth=2,heads=1", folder["out"], "100", "5").Succeeds();

        Assert.Contains("agrees with its teacher on", run.Output, StringComparison.Ordinal);
        Programs.RunDfkd("inspect", folder["out/student"]).Succeeds();
    }

    [Fact]
    public void A_sample_says_what_is_wrong_in_one_line()
    {
        using TempFolder folder = new();
        Assert.Contains("nowhere", Programs.RunSample("ScoreFolder", world.Teacher, folder["nowhere"], folder["scores.csv"]).Refuses(), StringComparison.Ordinal);
        Assert.Contains("none.csv", Programs.RunSample("ExportSelection", folder["none.csv"], "5", folder["out"]).Refuses(), StringComparison.Ordinal);
        Assert.Contains("nothing", Programs.RunSample("Compress", folder["nothing"], world.Wild, "vit:img=32,patch=8,dim=16,depth=2,heads=1", folder["out"]).Error, StringComparison.Ordinal);
    }
}
