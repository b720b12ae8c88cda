// Whether a stage has to run, and why.

using DataFreeKD.Cli.Verbs;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>How a stage is begun.</summary>
internal enum StageStart
{
    /// <summary>Not at all: what it left is still right.</summary>
    Skip,

    /// <summary>Nothing is there.</summary>
    Fresh,

    /// <summary>Where an interrupted run of the same command stopped.</summary>
    Resume,

    /// <summary>Anew, over an earlier output.</summary>
    Replace,
}

/// <summary>What is to be done with a stage.</summary>
/// <param name="Start">How it is begun.</param>
/// <param name="Why">In a few words.</param>
internal sealed record StageDecision(StageStart Start, string Why)
{
    /// <summary>Compares a stage with what is remembered of it.</summary>
    /// <param name="stage">As the file has it now.</param>
    /// <param name="record">As it was last begun; null where it never was.</param>
    /// <param name="inputs">Fingerprints of its inputs now.</param>
    /// <param name="outputs">Fingerprints of its outputs now; those that are not there are left out.</param>
    /// <param name="force">Whether it runs whatever is found.</param>
    public static StageDecision Of(
        Stage stage,
        StageRecord? record,
        IReadOnlyDictionary<string, string> inputs,
        IReadOnlyDictionary<string, string> outputs,
        bool force
    )
    {
        if (record is null)
            return outputs.Count > 0 || force ? new(StageStart.Replace, force ? "--force" : "new") : new(StageStart.Fresh, "new");
        string? change = Change(stage, record, inputs);
        if (force)
            return new(StageStart.Replace, "--force");
        if (!record.Finished)
            return change is null ? new(StageStart.Resume, "interrupted") : new(StageStart.Replace, $"interrupted, and {change}");
        if (change is not null)
            return new(StageStart.Replace, change);
        foreach ((string name, string was) in record.Outputs)
        {
            if (!outputs.TryGetValue(name, out string? now))
                return new(StageStart.Replace, $"{name} is not there");
            if (now != was)
                return new(StageStart.Replace, $"{name} is not as it was written");
        }
        foreach (string name in outputs.Keys.Where(name => !record.Outputs.ContainsKey(name)))
            return new(StageStart.Replace, $"{name} is new among the outputs");
        return record.Outputs.Count == 0 ? new(StageStart.Replace, "no output is recorded") : new(StageStart.Skip, "unchanged");
    }

    private static string? Change(Stage stage, StageRecord record, IReadOnlyDictionary<string, string> inputs)
    {
        if (record.Verb != stage.Kind.Verb)
            return $"verb: {record.Verb} -> {stage.Kind.Verb}";
        if (record.Version != Verb.ToolVersion)
            return $"version: {record.Version} -> {Verb.ToolVersion}";
        return Difference(record.Options, stage.Options, (key, was, now) => $"{key}: {was ?? "not given"} -> {now ?? "not given"}")
            ?? Difference(record.Inputs, inputs, (key, _, _) => $"{key} has changed");
    }

    private static string? Difference(
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> after,
        Func<string, string?, string?, string> tell
    )
    {
        string[] differing =
        [
            .. before
                .Keys.Union(after.Keys)
                .Where(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key))
                .Order(StringComparer.Ordinal),
        ];
        if (differing.Length == 0)
            return null;
        string first = tell(differing[0], before.GetValueOrDefault(differing[0]), after.GetValueOrDefault(differing[0]));
        return differing.Length == 1 ? first : FormattableString.Invariant($"{first}, and {differing.Length - 1} more");
    }
}
