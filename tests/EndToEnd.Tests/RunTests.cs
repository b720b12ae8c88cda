// dfkd run: the chain from one file, and what of it runs again.

using System.Text.Json;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class RunTests(TinyWorld world)
{
    private const string Student = "vit:img=32,patch=8,dim=16,depth=2,heads=1";

    [Fact]
    public void The_chain_runs_once_and_then_only_what_a_change_touches()
    {
        using TempFolder folder = new();
        Write(folder, 150, 12);
        JsonElement first = Run(folder);
        Assert.Equal(["ran", "ran", "ran", "ran", "ran", "ran", "ran"], Statuses(first));
        Assert.Equal(150, Stage(first, "select").GetProperty("summary").GetProperty("selected").GetInt32());
        foreach (
            string made in (string[])
                [
                    "store/manifest.csv",
                    "scores.csv",
                    "selected.csv",
                    "student/model.safetensors",
                    "evaluate.json",
                    "estimate.json",
                    "report.html",
                    "run.md",
                    "run.json",
                ]
        )
            Assert.True(File.Exists(folder["out/" + made]), made);

        // The stages are the verbs: the same bytes as from commands of their own.
        Programs
            .RunDfkd(
                "distill",
                folder["out/selected.csv"],
                "--teacher",
                world.Teacher,
                "--student",
                Student,
                "--steps",
                "12",
                "--batch-size",
                "16",
                "--seed",
                "3",
                "-o",
                folder["alone"]
            )
            .Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["alone/model.safetensors"]), File.ReadAllBytes(folder["out/student/model.safetensors"]));

        Assert.All(Statuses(Run(folder)), status => Assert.Equal("skipped", status));

        Write(folder, 120, 12);
        string plan = Programs.RunDfkd(Command(folder, "--dry-run")).Succeeds().Output;
        Assert.Contains("budget: 150 -> 120", plan, StringComparison.Ordinal);
        Assert.Contains("if the output of select changes", plan, StringComparison.Ordinal);
        Assert.Equal(["skipped", "skipped", "ran", "ran", "ran", "ran", "ran"], Statuses(Run(folder)));

        // Another way to say the same: the selection runs, comes out the same, and nothing after it has to.
        Write(folder, 120, 12, "    candidates: 4\n");
        Assert.Equal(["skipped", "skipped", "ran", "skipped", "skipped", "skipped", "skipped"], Statuses(Run(folder)));

        Assert.Equal(
            ["left-alone", "left-alone", "left-alone", "ran", "left-alone", "left-alone", "left-alone"],
            Statuses(Run(folder, "--only", "distill", "--force"))
        );
        Assert.Contains("no such stage", Programs.RunDfkd(Command(folder, "--from", "nothing")).Refuses(), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_teacher_runs_everything_but_the_crawl()
    {
        using TempFolder folder = new();
        Write(folder, 100, 4);
        Run(folder);
        Programs
            .RunDfkd("train", world.Train, "--model", TinyWorld.Spec, "-o", folder["other"], "--steps", "4", "--batch-size", "16")
            .Succeeds();
        File.WriteAllText(
            folder["pipeline.yaml"],
            File.ReadAllText(folder["pipeline.yaml"]).Replace(world.Teacher, folder["other"], StringComparison.Ordinal)
        );
        Assert.Equal(["skipped", "ran", "ran", "ran", "ran", "ran", "ran"], Statuses(Run(folder)));
    }

    [Fact]
    public void A_killed_run_goes_on_to_the_same_bytes()
    {
        using TempFolder whole = new(),
            killed = new();
        foreach (TempFolder folder in (TempFolder[])[whole, killed])
            Write(folder, 100, 400, distill: "    checkpoint-every: 10\n");
        Run(whole);

        KillTests.KillWhen(() => File.Exists(killed["out/student/training/checkpoint.safetensors"]), "checkpoint", Command(killed));
        Assert.False(File.Exists(killed["out/student/model.safetensors"]));
        JsonElement rest = Run(killed);

        Assert.Equal(["skipped", "skipped", "skipped", "ran", "ran", "ran", "ran"], Statuses(rest));
        Assert.True(Stage(rest, "distill").GetProperty("summary").GetProperty("resumed_from").GetInt32() > 0);
        foreach (string file in (string[])["scores.csv", "selected.csv", "student/model.safetensors", "student/training/metrics.csv"])
            Assert.Equal(File.ReadAllBytes(whole["out/" + file]), File.ReadAllBytes(killed["out/" + file]));
    }

    [Fact]
    public void Mistakes_are_told_before_anything_is_written()
    {
        using TempFolder folder = new();
        Write(folder, 100, 4, distill: "    lr: fast\n");
        Assert.Contains("pipeline.yaml:", Programs.RunDfkd(Command(folder)).Refuses(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
        Write(folder, 100, 4);
        Directory.CreateDirectory(folder["out"]);
        File.WriteAllText(folder["out/scores.csv"], "mine");
        Assert.Contains("no run of this folder wrote it", Programs.RunDfkd(Command(folder)).Refuses(), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder["out/scores.csv"]));
    }

    private void Write(TempFolder folder, int budget, int steps, string select = "", string distill = "") =>
        File.WriteAllText(
            folder["pipeline.yaml"],
            $"""
            teacher: {world.Teacher}
            seed: 3
            stages:
              crawl:
                sources: {world.Wild}
              score:
              select:
                budget: {budget}
            {select}  distill:
                student: {Student}
                steps: {steps}
                batch-size: 16
            {distill}  evaluate:
                data: {world.Test}
              estimate:
                images: $crawl
              report:

            """
        );

    private static string[] Command(TempFolder folder, params string[] more) =>
        ["run", folder["pipeline.yaml"], "-o", folder["out"], .. more];

    private static JsonElement Run(TempFolder folder, params string[] more) =>
        JsonDocument.Parse(Programs.RunDfkd(Command(folder, [.. more, "--json"])).Succeeds().Output).RootElement;

    private static IEnumerable<string> Statuses(JsonElement run) =>
        run.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("status").GetString()!);

    private static JsonElement Stage(JsonElement run, string name) =>
        run.GetProperty("stages").EnumerateArray().First(stage => stage.GetProperty("name").GetString() == name);
}
