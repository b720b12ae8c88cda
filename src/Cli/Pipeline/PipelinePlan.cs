// What a run would do, told without doing it.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>What would become of a stage.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Verb">Its verb.</param>
/// <param name="Action"><c>run</c>, <c>skip</c>, <c>perhaps</c> where that hangs on an earlier stage, or <c>left-alone</c>.</param>
/// <param name="Why">Why.</param>
internal sealed record PlannedStage(string Name, string Verb, string Action, string Why);

/// <summary>Plans a run.</summary>
internal static class PipelinePlan
{
    /// <summary>What would become of each stage.</summary>
    /// <exception cref="UsageException">The scope names no stage, or the outputs cannot be judged.</exception>
    public static IReadOnlyList<PlannedStage> Of(Pipeline pipeline, RunScope scope, CancellationToken cancel)
    {
        RunState state = RunState.Open(pipeline.Output);
        HashSet<string> wanted = scope.Of(pipeline),
            moving = [];
        Fingerprints prints = new(pipeline.Output);
        List<PlannedStage> plan = [];
        foreach (Stage stage in pipeline.Stages)
        {
            PlannedStage planned = wanted.Contains(stage.Name)
                ? Of(stage, state[stage.Name], moving, prints, scope.Force, cancel)
                : new(stage.Name, stage.Kind.Verb, "left-alone", "not asked for");
            if (planned.Action is "run" or "perhaps")
                moving.Add(stage.Name);
            plan.Add(planned);
        }
        return plan;
    }

    private static PlannedStage Of(
        Stage stage,
        StageRecord? record,
        HashSet<string> moving,
        Fingerprints prints,
        bool force,
        CancellationToken cancel
    )
    {
        string[] unsure = [.. stage.Makers.Where(moving.Contains)];
        Dictionary<string, string> inputs = prints.Inputs(stage, cancel);
        // What an earlier stage is yet to write is taken to come out as before.
        foreach (StageInput input in stage.Inputs.Where(input => input.Maker is { } maker && moving.Contains(maker)))
            inputs[input.Key] = record?.Inputs.GetValueOrDefault(input.Key) ?? "";
        StageDecision decision = StageDecision.Of(stage, record, inputs, prints.Outputs(stage, cancel), force);
        return decision.Start != StageStart.Skip ? new(stage.Name, stage.Kind.Verb, "run", decision.Why)
            : unsure.Length > 0 ? new(stage.Name, stage.Kind.Verb, "perhaps", $"if the output of {string.Join(" or ", unsure)} changes")
            : new(stage.Name, stage.Kind.Verb, "skip", decision.Why);
    }
}
