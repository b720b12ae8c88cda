// SIGKILL leaves nothing behind that a resumed run would trip over: its files equal those of a run left alone.

using System.Diagnostics;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class KillTests(TinyWorld world)
{
    [Fact]
    public void A_killed_scoring_run_resumes_to_the_same_bytes()
    {
        using TempFolder folder = new();
        string[] command = ["score", world.Wild, "--teacher", world.Teacher, "--batch-size", "1", "--embeddings"];
        Programs.RunDfkd([.. command, folder["whole.npy"], "-o", folder["whole.csv"]]).Succeeds();

        // A segment is sixteen batches: its first file shows that there is something to resume from.
        string[] killed = [.. command, folder["killed.npy"], "-o", folder["killed.csv"]];
        KillWhen(folder["killed.csv.parts/00000001.csv"], killed);
        Assert.False(File.Exists(folder["killed.csv"]));
        Programs.RunDfkd([.. killed, "--resume"]).Succeeds();

        Assert.Equal(File.ReadAllBytes(folder["whole.csv"]), File.ReadAllBytes(folder["killed.csv"]));
        Assert.Equal(File.ReadAllBytes(folder["whole.npy"]), File.ReadAllBytes(folder["killed.npy"]));
        Assert.False(Directory.Exists(folder["killed.csv.parts"]));
    }

    [Fact]
    public void A_killed_distillation_resumes_to_the_same_weights()
    {
        using TempFolder folder = new();
        string[] command =
        [
            "distill",
            world.Selected,
            "--teacher",
            world.Teacher,
            "--student",
            "vit:img=32,patch=8,dim=16,depth=2,heads=1",
            "--steps",
            "400",
            "--batch-size",
            "8",
            "--checkpoint-every",
            "10",
            "--seed",
            "3",
            "-o",
        ];
        Programs.RunDfkd([.. command, folder["whole"]]).Succeeds();

        string[] killed = [.. command, folder["killed"]];
        KillWhen(folder["killed/training/checkpoint.safetensors"], killed);
        Assert.False(File.Exists(folder["killed/model.safetensors"]));
        Programs.RunDfkd([.. killed, "--resume"]).Succeeds();

        Assert.Equal(File.ReadAllBytes(folder["whole/model.safetensors"]), File.ReadAllBytes(folder["killed/model.safetensors"]));
        Assert.Equal(File.ReadAllBytes(folder["whole/training/metrics.csv"]), File.ReadAllBytes(folder["killed/training/metrics.csv"]));
    }

    [Fact]
    public void A_killed_cache_resumes_to_the_same_bytes_and_stands_in_for_the_teacher()
    {
        using TempFolder folder = new();
        string[] length = ["--steps", "1500", "--batch-size", "16", "--mixup", "0.8"],
            command = ["cache", world.Selected, "--teacher", world.Teacher, .. length, "-o"];
        Programs.RunDfkd([.. command, folder["whole.cache"]]).Succeeds();

        string[] killed = [.. command, folder["killed.cache"]];
        FileInfo part = new(folder["killed.cache.part"]);
        KillWhen(() => new FileInfo(part.FullName) is { Exists: true, Length: > 50_000 }, part.Name, killed);
        Assert.False(File.Exists(folder["killed.cache"]));
        Programs.RunDfkd([.. killed, "--resume"]).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["whole.cache"]), File.ReadAllBytes(folder["killed.cache"]));

        string[] student =
        [
            "--student",
            "vit:img=32,patch=8,dim=16,depth=2,heads=1",
            "--init",
            "random",
            "--loss",
            "kd",
            "--steps",
            "20",
            .. length[2..],
            "-o",
        ];
        Programs.RunDfkd(["distill", world.Selected, "--teacher", world.Teacher, .. student, folder["live"]]).Succeeds();
        Programs.RunDfkd(["distill", world.Selected, "--cache", folder["whole.cache"], .. student, folder["cached"]]).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["live/model.safetensors"]), File.ReadAllBytes(folder["cached/model.safetensors"]));
        Assert.Contains(
            "seed is 0 in the cache and 1 here",
            Programs
                .RunDfkd(["distill", world.Selected, "--cache", folder["whole.cache"], .. student, folder["other"], "--seed", "1"])
                .Refuses(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_killed_comparison_resumes_to_the_same_results()
    {
        using TempFolder folder = new();
        File.WriteAllText(
            folder["recipes.yaml"],
            $"""
            seeds: [3, 4]
            tests:
              drawn: {world.Test}
            defaults: {"{"}student: "vit:img=32,patch=8,dim=16,depth=2,heads=1", steps: 60, batch-size: 8, checkpoint-every: 10{"}"}
            recipes:
              - name: kd
                selection: {world.Selected}
                teacher: {world.Teacher}
              - name: labels
                kind: train
                data: {world.Train}
            """
        );
        string[] command = ["compare", folder["recipes.yaml"], "--json", "-o"];
        Programs.RunDfkd([.. command, folder["whole"]]).Succeeds();

        KillWhen(folder["killed/labels/seed-3/training/checkpoint.safetensors"], [.. command, folder["killed"]]);
        Assert.False(File.Exists(folder["killed/results.csv"]));
        Assert.Contains("\"kept\":1", Programs.RunDfkd([.. command, folder["killed"]]).Succeeds().Output, StringComparison.Ordinal);

        Assert.Equal(File.ReadAllText(folder["whole/results.csv"]), File.ReadAllText(folder["killed/results.csv"]));
    }

    /// <summary>Starts dfkd and kills it as soon as <paramref name="file"/> exists.</summary>
    private static void KillWhen(string file, string[] args) => KillWhen(() => File.Exists(file), file, args);

    /// <summary>Starts dfkd and kills it as soon as <paramref name="reached"/> holds.</summary>
    internal static void KillWhen(Func<bool> reached, string file, string[] args)
    {
        using Process process = Programs.Start(Programs.Dfkd, args);
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            error = process.StandardError.ReadToEndAsync();
        Assert.True(SpinWait.SpinUntil(() => reached() || process.HasExited, TimeSpan.FromMinutes(3)), $"{file} never came");
        Assert.False(process.HasExited, $"it ended before it could be killed\n{(process.HasExited ? output.Result + error.Result : "")}");
        // SIGKILL on Unix.
        process.Kill();
        process.WaitForExit();
    }
}
