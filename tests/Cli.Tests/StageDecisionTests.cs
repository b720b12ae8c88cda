// A stage is skipped only where nothing that decides its result has changed.

using DataFreeKD.Cli.Pipeline;
using DataFreeKD.Cli.Verbs;
using DataFreeKD.Testing;

namespace DataFreeKD.Cli.Tests;

public sealed class StageDecisionTests
{
    private static readonly Dictionary<string, string> Inputs = new() { ["scores"] = "sha256:a" },
        Outputs = new() { ["selected.csv"] = "sha256:b" };

    [Fact]
    public void Unchanged_means_skipped_and_every_change_is_told()
    {
        using TempFolder folder = new();
        Stage stage = Select(folder, "budget: 5");
        StageRecord made = new()
        {
            Version = Verb.ToolVersion,
            Verb = "select",
            Options = stage.Options,
            Inputs = Inputs,
            Outputs = Outputs,
            Finished = true,
        };

        Assert.Equal(new StageDecision(StageStart.Skip, "unchanged"), Decide(stage, made));
        Assert.Equal(new StageDecision(StageStart.Replace, "--force"), StageDecision.Of(stage, made, Inputs, Outputs, force: true));
        Assert.Equal(
            new StageDecision(StageStart.Fresh, "new"),
            StageDecision.Of(stage, null, Inputs, new Dictionary<string, string>(), force: false)
        );
        Assert.Equal(new StageDecision(StageStart.Replace, "budget: 5 -> 6"), Decide(Select(folder, "budget: 6"), made));
        Assert.Equal(
            new StageDecision(StageStart.Replace, "quota: not given -> none"),
            Decide(Select(folder, "budget: 5, quota: none"), made)
        );
        Assert.Equal(
            new StageDecision(StageStart.Replace, "scores has changed"),
            Decide(stage, made with { Inputs = new Dictionary<string, string> { ["scores"] = "sha256:c" } })
        );
        Assert.Equal(
            new StageDecision(StageStart.Replace, $"version: 0.0 -> {Verb.ToolVersion}"),
            Decide(stage, made with { Version = "0.0" })
        );
        Assert.Equal(
            new StageDecision(StageStart.Replace, "selected.csv is not as it was written"),
            Decide(stage, made with { Outputs = new Dictionary<string, string> { ["selected.csv"] = "sha256:d" } })
        );
        Assert.Equal(
            new StageDecision(StageStart.Replace, "selected.csv is not there"),
            StageDecision.Of(stage, made, Inputs, new Dictionary<string, string>(), force: false)
        );
        Assert.Equal(new StageDecision(StageStart.Resume, "interrupted"), Decide(stage, made with { Finished = false }));
        Assert.Equal(StageStart.Replace, Decide(Select(folder, "budget: 6"), made with { Finished = false }).Start);
    }

    [Fact]
    public void The_state_survives_and_a_broken_one_is_refused()
    {
        using TempFolder folder = new();
        RunState state = RunState.Open(folder.Path);
        state.Set(
            "select",
            new StageRecord
            {
                Version = "1",
                Verb = "select",
                Options = Outputs,
                Inputs = Inputs,
                Finished = true,
                Seconds = 1.5,
            }
        );
        StageRecord read = RunState.Open(folder.Path)["select"]!;
        Assert.Equal(
            (true, 1.5, "sha256:a", "sha256:b"),
            (read.Finished, read.Seconds, read.Inputs["scores"], read.Options["selected.csv"])
        );
        File.WriteAllText(folder["run.state.json"], "{");
        Assert.Contains(
            "run.state.json",
            Assert.Throws<UsageException>(() => RunState.Open(folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_folder_is_held_by_one_run()
    {
        using TempFolder folder = new();
        using (RunLock.Take(folder.Path))
            Assert.Contains(
                "is being written by",
                Assert.Throws<OutputException>(() => RunLock.Take(folder.Path)).Message,
                StringComparison.Ordinal
            );
        RunLock.Take(folder.Path).Dispose();
    }

    [Fact]
    public void A_models_card_and_provenance_do_not_count_and_its_weights_do()
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["model"]);
        File.WriteAllText(folder["model/model.safetensors"], "a");
        string? before = Fingerprint.Of(folder["model"], CancellationToken.None);
        File.WriteAllText(folder["model/README.md"], "today");
        File.WriteAllText(folder["model/provenance.json"], "{}");
        Assert.Equal(before, Fingerprint.Of(folder["model"], CancellationToken.None));
        File.WriteAllText(folder["model/model.safetensors"], "b");
        Assert.NotEqual(before, Fingerprint.Of(folder["model"], CancellationToken.None));
        Assert.Null(Fingerprint.Of(folder["nothing"], CancellationToken.None));
    }

    private static StageDecision Decide(Stage stage, StageRecord record) => StageDecision.Of(stage, record, Inputs, Outputs, force: false);

    private static Stage Select(TempFolder folder, string options)
    {
        File.WriteAllText(folder["scores.csv"], "path\n");
        File.WriteAllText(folder["pipeline.yaml"], $"stages:\n  select: {{scores: scores.csv, {options}}}\n");
        return PipelineFile.Read(folder["pipeline.yaml"], folder["out"], CommandLine.Build()).Stages[0];
    }
}
