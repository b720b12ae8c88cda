// dfkd report and dfkd explain as a user runs them.

using System.Diagnostics;
using System.Text.Json;
using DataFreeKD.Imaging;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class ReportTests(TinyWorld world)
{
    [Fact]
    public void A_report_of_everything_has_every_section()
    {
        using TempFolder folder = new();

        Finished run = Programs
            .RunDfkd(
                "report",
                world.Scores,
                "--selection",
                world.Selected,
                "--teacher",
                world.Teacher,
                "--data",
                world.Test,
                "-o",
                folder["report.html"],
                "--json"
            )
            .Succeeds();

        JsonElement summary = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(200, summary.GetProperty("selected").GetInt64());
        Assert.True(summary.GetProperty("images").GetInt32() > 50);
        string page = File.ReadAllText(folder["report.html"]);
        foreach (string section in (string[])["summary", "images", "scores", "balance", "removed", "copies", "student"])
            Assert.Contains($"<section id=\"{section}\"", page, StringComparison.Ordinal);
        // Ranked as the selection ranked, so that its line can be drawn.
        Assert.Contains("Borderline", page, StringComparison.Ordinal);
        Assert.Contains("class=\"attention\"", page, StringComparison.Ordinal);
        Assert.Equal(new FileInfo(folder["report.html"]).Length, summary.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void A_report_without_a_model_never_maps_libtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc/<pid>/maps is Linux's");
        using TempFolder folder = new();
        using Process process = Programs.Start(
            Programs.Dfkd,
            "report",
            world.Scores,
            "--selection",
            world.Selected,
            "-o",
            folder["report.html"]
        );

        (HashSet<string> libraries, int looks, int code) = ProcessMaps.Watch(process);

        Assert.Equal(0, code);
        Assert.True(looks > 5, $"only {looks} looks at the maps");
        Assert.DoesNotContain(libraries, name =>
            name.Contains("torch", StringComparison.OrdinalIgnoreCase) && name.Contains(".so", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void An_image_of_the_pool_is_explained_and_found_in_it()
    {
        using TempFolder folder = new();
        string best = Path.Combine(Path.GetDirectoryName(world.Scores)!, File.ReadLines(world.Selected).Skip(1).First().Split(',')[0]);

        Finished run = Programs
            .RunDfkd("explain", best, "--teacher", world.Teacher, "--scores", world.Scores, "-o", folder["map.png"], "--json")
            .Succeeds();

        JsonElement found = JsonDocument.Parse(run.Output).RootElement;
        string verdict = string.Join(' ', found.GetProperty("verdict").EnumerateArray().Select(sentence => sentence.GetString()));
        Assert.Contains("The pool has this very file", verdict, StringComparison.Ordinal);
        Assert.InRange(found.GetProperty("predictions").EnumerateArray().Sum(of => of.GetProperty("probability").GetDouble()), 0.5, 1.0001);
        JsonElement entropy = found
            .GetProperty("pool")
            .GetProperty("scores")
            .EnumerateArray()
            .Single(of => of.GetProperty("column").GetString() == "entropy");
        Assert.InRange(entropy.GetProperty("more_useful_than").GetDouble(), 0.5, 1);
        RgbImage map = ImageDecoder.Decode(File.ReadAllBytes(folder["map.png"])).Image!;
        Assert.Equal((384, 384), (map.Width, map.Height));

        string text = Programs.RunDfkd("explain", best, "--teacher", world.Teacher).Succeeds().Output;
        Assert.Contains("an even guess would be", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_reported_on_is_refused_in_one_line()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["text.jpg"], "no image");

        Assert.Contains(
            "name a .html file",
            Programs.RunDfkd("report", world.Scores, "-o", folder["report.pdf"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--data needs a model",
            Programs.RunDfkd("report", world.Scores, "--data", world.Test, "-o", folder["report.html"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "none.csv",
            Programs.RunDfkd("report", folder["none.csv"], "-o", folder["report.html"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "unknown_format",
            Programs.RunDfkd("explain", folder["text.jpg"], "--teacher", world.Teacher).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no such file",
            Programs.RunDfkd("explain", folder["gone.jpg"], "--teacher", world.Teacher).Refuses(),
            StringComparison.Ordinal
        );
    }
}
