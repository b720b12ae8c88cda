// dfkd compress: from a teacher and images to a student by one command, interrupted or not.

using System.Text.Json;
using System.Text.Json.Nodes;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class CompressTests(TinyWorld world)
{
    [Fact]
    public void One_command_leaves_a_student_an_estimate_a_report_and_the_pipeline_that_made_them()
    {
        using TempFolder folder = new();
        Finished run = Programs
            .RunDfkd(
                "compress",
                world.Wild,
                "--teacher",
                world.Teacher,
                "--params",
                "0.5",
                "--minutes",
                "0.02",
                "--labelled",
                world.Test,
                "-o",
                folder["out"],
                "--json"
            )
            .Succeeds();
        JsonElement summary = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(folder["out/student"], summary.GetProperty("student").GetString());
        Assert.InRange(summary.GetProperty("parameters").GetInt64(), 1, summary.GetProperty("teacher_parameters").GetInt64() / 2);
        Assert.InRange(
            summary.GetProperty("estimate").GetDouble(),
            summary.GetProperty("low").GetDouble(),
            summary.GetProperty("high").GetDouble()
        );
        Assert.InRange(
            summary.GetProperty("retained").GetDouble(),
            summary.GetProperty("retained_low").GetDouble(),
            summary.GetProperty("retained_high").GetDouble()
        );
        JsonElement stages = summary.GetProperty("run").GetProperty("stages");
        int Measured(string stage) =>
            stages
                .EnumerateArray()
                .Single(made => made.GetProperty("name").GetString() == stage)
                .GetProperty("summary")
                .GetProperty("held_out_images")
                .GetInt32();
        Assert.Equal(Measured("prune"), Measured("distill"));
        Assert.InRange(summary.GetProperty("top1").GetDouble(), 0, 1);
        foreach (
            string made in (string[])
                ["pipeline.yaml", "scores.csv", "selected.csv", "pruned/model.safetensors", "student/model.safetensors", "report.html"]
        )
            Assert.True(File.Exists(folder["out/" + made]), made);

        // The same again changes nothing; the pipeline is an ordinary one.
        JsonElement again = JsonDocument
            .Parse(
                Programs
                    .RunDfkd(
                        "compress",
                        world.Wild,
                        "--teacher",
                        world.Teacher,
                        "--params",
                        "0.5",
                        "--minutes",
                        "0.02",
                        "--labelled",
                        world.Test,
                        "-o",
                        folder["out"],
                        "--json"
                    )
                    .Succeeds()
                    .Output
            )
            .RootElement;
        Assert.Equal(0, again.GetProperty("run").GetProperty("ran").GetInt32());
        string plan = Programs.RunDfkd("run", folder["out/pipeline.yaml"], "--dry-run").Succeeds().Output;
        Assert.DoesNotContain("run  ", plan, StringComparison.Ordinal);
    }

    [Fact]
    public void Minutes_of_zero_prune_only()
    {
        using TempFolder folder = new();
        string plan = Programs
            .RunDfkd("compress", world.Wild, "--teacher", world.Teacher, "--minutes", "0", "--dry-run", "-o", folder["out"])
            .Succeeds()
            .Output;
        Assert.Contains("prune", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("distill", plan, StringComparison.Ordinal);
    }

    // As training scripts leave it: two networks in one file, and nothing that says how images are prepared.
    [Fact]
    public void One_of_several_networks_in_a_file_is_compressed_with_the_preprocessing_that_is_given()
    {
        using TempFolder folder = new();
        WriteTwice(Path.Combine(world.Teacher, "model.safetensors"), folder["two.safetensors"]);
        string[] teacher = ["--heads", "2", "--mean", "0.25,0.5,0.75", "--std", "0.5,0.5,0.5", "--crop-pct", "1"];
        Programs
            .RunDfkd([
                "compress",
                world.Wild,
                "--teacher",
                folder["two.safetensors#second"],
                .. teacher,
                "--student",
                "vit:img=32,patch=8,dim=24,depth=4,heads=2",
                "--steps",
                "2",
                "--labelled",
                world.Test,
                "-o",
                folder["out"],
            ])
            .Succeeds();
        Assert.Equal(
            6,
            File.ReadLines(folder["out/pipeline.yaml"]).Count(line => line.EndsWith("mean: 0.25,0.5,0.75", StringComparison.Ordinal))
        );
        Assert.Matches(@"0\.25\D+0\.5\D+0\.75", Inspected(folder["out/student"]));
        Assert.Matches(@"0\.25\D+0\.5\D+0\.75", Inspected([folder["two.safetensors#second"], .. teacher]));

        string Inspected(params string[] arguments) => Programs.RunDfkd(["inspect", .. arguments]).Succeeds().Output;
    }

    private static void WriteTwice(string source, string target)
    {
        byte[] bytes = File.ReadAllBytes(source);
        int length = (int)BitConverter.ToInt64(bytes),
            size = bytes.Length - 8 - length;
        JsonObject tensors = [];
        foreach ((string name, JsonNode? tensor) in JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject())
            if (name != "__metadata__")
                for (int copy = 0; copy < 2; copy++)
                {
                    JsonNode moved = tensor!.DeepClone();
                    moved["data_offsets"] = new JsonArray([
                        .. tensor["data_offsets"]!.AsArray().Select(offset => (JsonNode)(offset!.GetValue<long>() + (copy * size))),
                    ]);
                    tensors[$"{(copy == 0 ? "first" : "second")}.{name}"] = moved;
                }
        byte[] header = JsonSerializer.SerializeToUtf8Bytes(tensors);
        using FileStream file = File.Create(target);
        file.Write(BitConverter.GetBytes((long)header.Length));
        file.Write(header);
        file.Write(bytes, 8 + length, size);
        file.Write(bytes, 8 + length, size);
    }

    [Fact]
    public void A_killed_compression_goes_on_to_the_same_bytes_where_its_steps_are_given()
    {
        using TempFolder whole = new(),
            killed = new();
        string[] Command(TempFolder folder) =>
            [
                "compress",
                world.Wild,
                "--teacher",
                world.Teacher,
                "--student",
                "vit:img=32,patch=8,dim=24,depth=4,heads=2",
                "--steps",
                "4",
                "-o",
                folder["out"],
            ];
        Programs.RunDfkd(Command(whole)).Succeeds();
        KillTests.KillWhen(() => File.Exists(killed["out/pruned/pruning/state.safetensors"]), "state", Command(killed));
        Programs.RunDfkd(Command(killed)).Succeeds();
        foreach (string made in (string[])["scores.csv", "selected.csv", "pruned/model.safetensors", "student/model.safetensors"])
            Assert.Equal(File.ReadAllBytes(whole["out/" + made]), File.ReadAllBytes(killed["out/" + made]));
    }

    [Fact]
    public void What_cannot_be_meant_is_refused_before_anything_is_written()
    {
        using TempFolder folder = new();
        string[] command = ["compress", world.Wild, "--teacher", world.Teacher, "-o", folder["out"]];
        Assert.Contains(
            "exclude each other",
            Programs.RunDfkd([.. command, "--params", "0.1", "--macs", "0.1"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--steps and --minutes exclude each other",
            Programs.RunDfkd([.. command, "--steps", "3", "--minutes", "1"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains("--minutes", Programs.RunDfkd([.. command, "--minutes", "-1"]).Refuses(), StringComparison.Ordinal);
        Assert.Contains(
            "there is no such file",
            Programs.RunDfkd("compress", world.Wild, "--teacher", folder["none"], "-o", folder["out"]).Refuses(),
            StringComparison.Ordinal
        );
        // What pruning would refuse after all images were scored.
        Assert.Contains(
            "is no part of its teacher",
            Programs.RunDfkd([.. command, "--student", "vit:img=32,patch=8,dim=320,depth=4,heads=2"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(folder["out"]));
        Directory.CreateDirectory(folder["out"]);
        File.WriteAllText(folder["out/pipeline.yaml"], "stages:\n  score:\n");
        Assert.Contains("was not written by dfkd compress", Programs.RunDfkd(command).Refuses(), StringComparison.Ordinal);
        Assert.Equal("stages:\n  score:\n", File.ReadAllText(folder["out/pipeline.yaml"]));
    }

    [Fact]
    public void A_pruned_student_is_estimated_exported_and_gone_on_with()
    {
        using TempFolder folder = new();
        string pruned = folder["pruned"];
        string said = Programs
            .RunDfkd("prune", world.Teacher, world.Selected, "--params", "0.6", "--hold-out", "0.3", "-o", pruned)
            .Succeeds()
            .Error;
        Assert.Contains("<- taken", said, StringComparison.Ordinal);
        Assert.Contains("share of the teacher's parameters (log scale)", said, StringComparison.Ordinal);
        Assert.Contains("of the teacher's accuracy", said, StringComparison.Ordinal);
        Assert.Contains(
            "estimated top-1",
            Programs.RunDfkd("estimate", pruned, "--teacher", world.Teacher).Succeeds().Output,
            StringComparison.Ordinal
        );
        string trained = Programs
            .RunDfkd(
                "distill",
                world.Selected,
                "--teacher",
                world.Teacher,
                "--student",
                pruned,
                "--steps",
                "4",
                "--batch-size",
                "16",
                "-o",
                folder["student"]
            )
            .Succeeds()
            .Error;
        Assert.Contains("the student began as: the model pruned", trained, StringComparison.Ordinal);
    }
}
