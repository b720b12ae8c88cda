// pipeline.yaml: stages are command lines, what is left out comes from earlier stages, and every complaint names file, line and column.

using System.CommandLine;
using DataFreeKD.Cli.Pipeline;
using DataFreeKD.Testing;

namespace DataFreeKD.Cli.Tests;

public sealed class PipelineFileTests
{
    private const string Good = """
        teacher: teacher
        seed: 7
        stages:
          crawl:
            sources: [photos, https://example.org/]
          score:
            embeddings: embeddings.npy
          select:
            budget: 100
          random:
            verb: select
            method: random
            budget: 100
          distill:
            from: select
            student: vit:img=16,patch=4,dim=16,depth=2,heads=2
            steps: 4
          evaluate:
            data: test
          report:
        """;

    [Fact]
    public void What_is_left_out_is_the_output_of_an_earlier_stage_or_shared_by_all()
    {
        using TempFolder folder = World();
        Dictionary<string, Stage> stages = Read(folder, Good).Stages.ToDictionary(stage => stage.Name);
        Assert.Equal(["crawl", "score", "select", "random", "distill", "evaluate", "report"], stages.Keys);
        Assert.Equal([folder["photos"], "https://example.org/"], stages["crawl"].Arguments.SkipWhile(text => text != "--").Skip(1));
        Assert.Equal(folder["out/store/manifest.csv"], stages["score"].Arguments[^1]);
        Assert.Contains($"--teacher={folder["teacher"]}", stages["score"].Arguments);
        Assert.Equal([folder["out/scores.csv"], folder["out/embeddings.npy"]], stages["score"].Outputs);
        Assert.Equal(folder["out/random.csv"], Assert.Single(stages["random"].Outputs));
        Assert.Contains("--seed=7", stages["select"].Arguments);
        // 'from' chooses among the two selections, and is followed back for what else a stage takes.
        Assert.Equal(folder["out/selected.csv"], stages["distill"].Arguments[^1]);
        Assert.Equal(folder["out/student"], stages["evaluate"].Arguments[^1]);
        Assert.Contains($"--against={folder["teacher"]}", stages["evaluate"].Arguments);
        Assert.Contains($"--selection={folder["out/random.csv"]}", stages["report"].Arguments);
        Assert.Contains(
            $"--selection={folder["out/selected.csv"]}",
            Read(folder, Good.Replace("  report:", "  report:\n    from: distill", StringComparison.Ordinal)).Stages[^1].Arguments
        );
    }

    [Fact]
    public void A_key_that_goes_on_where_its_value_stood_is_refused_by_name()
    {
        using TempFolder folder = World();
        Assert.Contains(
            "pipeline.yaml:",
            Assert.Throws<UsageException>(() => Read(folder, "seeds: [    ]\ntests:\n : test\ntest\ndefaults:\n  steps: 10\n")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_model_may_name_the_weights_within_its_file()
    {
        using TempFolder folder = World();
        File.WriteAllText(folder["x.pth"], "");
        Dictionary<string, Stage> stages = Read(
            folder,
            Good.Replace("teacher: teacher", "teacher: x.pth#state.ema", StringComparison.Ordinal)
                .Replace("student: vit:img=16,patch=4,dim=16,depth=2,heads=2", "student: x.pth#model", StringComparison.Ordinal)
        )
            .Stages.ToDictionary(stage => stage.Name);
        Assert.Contains($"--teacher={folder["x.pth"]}#state.ema", stages["score"].Arguments);
        Assert.Contains($"--against={folder["x.pth"]}#state.ema", stages["evaluate"].Arguments);
        Assert.Contains($"--student={folder["x.pth"]}#model", stages["distill"].Arguments);
        Assert.Contains(folder["x.pth"], stages["score"].Inputs.Select(input => input.Path));
        Assert.Contains(
            "there is nothing at",
            Assert
                .Throws<UsageException>(() =>
                    Read(folder, Good.Replace("teacher: teacher", "teacher: y.pth#ema", StringComparison.Ordinal))
                )
                .Message,
            StringComparison.Ordinal
        );
        // What is no model has no weights within it.
        Assert.Throws<UsageException>(() => Read(folder, Good.Replace("    data: test", "    data: test#a", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_empty_value_takes_the_commands_default_back_and_a_dollar_names_a_stage()
    {
        using TempFolder folder = World();
        Stage select = Read(
            folder,
            Good.Replace(
                "    budget: 100\n  random",
                "    budget: 100\n    seed:\n    diversity: k-centre\n    embeddings: $score\n  random",
                StringComparison.Ordinal
            )
        ).Stages[2];
        Assert.DoesNotContain("--seed=7", select.Arguments);
        Assert.Contains($"--embeddings={folder["out/embeddings.npy"]}", select.Arguments);
        Assert.Equal(["score"], select.Makers);
    }

    [Fact]
    public void Embeddings_that_scoring_keeps_unasked_are_its_output_and_an_input_of_what_selects()
    {
        using TempFolder folder = World();
        Dictionary<string, Stage> named = Read(folder, Good).Stages.ToDictionary(stage => stage.Name);
        Assert.Contains(named["select"].Inputs, input => input.Path == folder["out/embeddings.npy"]);

        Dictionary<string, Stage> kept = Read(folder, Good.Replace("    embeddings: embeddings.npy\n", "", StringComparison.Ordinal))
            .Stages.ToDictionary(stage => stage.Name);
        Assert.Equal([folder["out/scores.csv"], folder["out/scores.embeddings.npy"]], kept["score"].Outputs);
        Assert.DoesNotContain(kept["score"].Arguments, argument => argument.StartsWith("--embeddings", StringComparison.Ordinal));
        // No maker: a teacher without head leaves none, and the stage runs all the same.
        Assert.Contains(kept["select"].Inputs, input =>
            input is { Key: "embeddings", Maker: null } && input.Path == folder["out/scores.embeddings.npy"]
        );
        Assert.DoesNotContain(kept["distill"].Inputs, input => input.Key == "embeddings");

        string none = Good.Replace("embeddings: embeddings.npy", "embeddings: none", StringComparison.Ordinal)
            .Replace("    budget: 100\n  random", "    budget: 100\n    embeddings: none\n  random", StringComparison.Ordinal);
        Dictionary<string, Stage> without = Read(folder, none).Stages.ToDictionary(stage => stage.Name);
        Assert.Equal([folder["out/scores.csv"]], without["score"].Outputs);
        Assert.Contains("--embeddings=none", without["score"].Arguments);
        Assert.Contains("--embeddings=none", without["select"].Arguments);
        Assert.DoesNotContain(without["random"].Inputs, input => input.Key == "embeddings");
    }

    public static TheoryData<string, string, string> Bad =>
        new()
        {
            { "seed: 7", "sead: 7", "pipeline.yaml:2:1: unknown key 'sead'" },
            { "teacher: teacher", "teacher: nobody", "pipeline.yaml:1:10: stage 'score': teacher: there is nothing at" },
            { "teacher: teacher", "device: cpu", "pipeline.yaml:6:3: stage 'score': 'teacher' is missing" },
            { "  random:\n    verb: select", "  random:\n    quota: none", "pipeline.yaml:10:3: unknown stage 'random'" },
            { "    verb: select", "    verb: choose", "pipeline.yaml:11:11: stage 'random': verb 'choose'" },
            { "    steps: 4", "    stops: 4", "pipeline.yaml:17:5: stage 'distill': unknown key 'stops'" },
            { "    steps: 4", "    steps: four", "pipeline.yaml:17:5: stage 'distill': --steps four: expected a number" },
            { "    steps: 4", "    resume: true", "pipeline.yaml:17:5: stage 'distill': 'resume' is for the run to decide" },
            { "    steps: 4", "    ranks: mpi", "pipeline.yaml:17:5: stage 'distill': 'ranks' is for dfkd distill by itself" },
            {
                "    steps: 4",
                "    steps: 4\n    epochs: 2",
                "pipeline.yaml:14:3: stage 'distill': --steps and --epochs exclude each other"
            },
            {
                "    student: vit:img=16,patch=4,dim=16,depth=2,heads=2",
                "    student: nothing_tiny",
                "pipeline.yaml:16:14: stage 'distill': student: "
            },
            {
                "    from: select",
                "    from: report",
                "pipeline.yaml:15:11: stage 'distill' would begin with 'report', which comes after it"
            },
            { "    from: select", "    from: distill", "pipeline.yaml:15:11: stage 'distill' would begin with its own output, a cycle" },
            { "    from: select", "    from: nobody", "pipeline.yaml:15:11: stage 'distill': there is no stage 'nobody'" },
            { "    from: select", "    from: crawl", "pipeline.yaml:14:3: stage 'distill': 'selection' is missing" },
            { "    data: test", "    data: elsewhere", "pipeline.yaml:19:11: stage 'evaluate': data: there is nothing at" },
            { "    method: random", "    output: selected.csv", "pipeline.yaml:12:5: stage 'random': output: stage 'select' writes" },
            { "  evaluate:", "  select:", "pipeline.yaml:18:" },
            { "    embeddings: embeddings.npy", "    embeddings: [", "pipeline.yaml:7:" },
            { "  evaluate:", "---\nstages:\n  evaluate:", "pipeline.yaml:18:1: a second document begins here" },
            { "    budget: 100\n  random", "    budget: 100\n    embeddings: $crawl\n  random", "stage 'crawl' writes no embeddings" },
        };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_mistake_is_one_line_with_file_line_and_column(string line, string instead, string expected)
    {
        using TempFolder folder = World();
        Assert.Contains(line, Good, StringComparison.Ordinal);
        string message = Assert.Throws<UsageException>(() => Read(folder, Good.Replace(line, instead, StringComparison.Ordinal))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Every_option_of_a_stage_that_names_a_file_is_known_as_one()
    {
        RootCommand root = CommandLine.Build();
        foreach (StageKind kind in StageKind.All)
        {
            if (root.Subcommands.FirstOrDefault(command => command.Name == kind.Verb) is not { } verb)
                continue;
            string[] known = [.. kind.Paths, .. kind.Specs, .. kind.FurtherOutputs, kind.OutputOption ?? ""];
            IEnumerable<string> files = verb
                .Options.Where(option =>
                    option.HelpName is "MODEL" or "TEACHER" or "LABELLED" or "IMAGES" or "DIR" or "SPEC"
                    || option.HelpName?.StartsWith("FILE", StringComparison.Ordinal) == true
                )
                .Select(option => option.Name[2..]);
            Assert.Empty(files.Except(known));
            Assert.Contains(kind.Argument, known);
        }
    }

    private static TempFolder World()
    {
        TempFolder folder = new();
        foreach (string name in (string[])["photos", "test", "teacher"])
            Directory.CreateDirectory(folder[name]);
        return folder;
    }

    private static Pipeline.Pipeline Read(TempFolder folder, string text)
    {
        File.WriteAllText(folder["pipeline.yaml"], text);
        return PipelineFile.Read(folder["pipeline.yaml"], folder["out"], CommandLine.Build());
    }
}
