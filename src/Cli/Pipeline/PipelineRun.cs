// Runs a pipeline: each stage in turn, unless what it left is still right.

using System.CommandLine;
using System.Diagnostics;
using DataFreeKD.Cli.Verbs;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>One run.</summary>
internal sealed class PipelineRun
{
    private readonly Pipeline pipeline;
    private readonly string file;
    private readonly RootCommand root;
    private readonly RunScope scope;
    private readonly PipelineView view;
    private readonly RunState state;
    private readonly Fingerprints prints;
    private readonly HashSet<string> wanted;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Dictionary<string, (string Status, string Why)> ended = new(StringComparer.Ordinal);

    private PipelineRun(Pipeline pipeline, string file, RootCommand root, RunScope scope, PipelineView view)
    {
        (this.pipeline, this.file, this.root, this.scope, this.view) = (pipeline, file, root, scope, view);
        state = RunState.Open(pipeline.Output);
        prints = new Fingerprints(pipeline.Output);
        wanted = scope.Of(pipeline);
    }

    /// <summary>Runs what has to be.</summary>
    /// <param name="pipeline">A checked pipeline.</param>
    /// <param name="file">Its file's name.</param>
    /// <param name="root">The command tree that runs the stages.</param>
    /// <param name="scope">Which stages.</param>
    /// <param name="view">Told of each.</param>
    /// <param name="cancel">Stops the stage in hand as its verb stops.</param>
    /// <param name="held">The lock of its folder, where the caller has taken it.</param>
    /// <exception cref="OutputException">Another run is at work in the folder.</exception>
    /// <exception cref="UsageException">The folder holds files of the user's.</exception>
    /// <exception cref="StageException">A stage failed; what is finished stays.</exception>
    public static RunSummary Execute(
        Pipeline pipeline,
        string file,
        RootCommand root,
        RunScope scope,
        PipelineView view,
        CancellationToken cancel,
        OutputLock? held = null
    )
    {
        // A stage that does not exist is told before a folder is made.
        scope.Of(pipeline);
        using OutputLock? own = held is null ? RunLock.Take(pipeline.Output) : null;
        PipelineRun run = new(pipeline, file, root, scope, view);
        run.Refuse();
        try
        {
            view.Show([.. pipeline.Stages.Select(stage => stage.Name)], () => run.All(cancel));
        }
        finally
        {
            run.Summary().Write(run.Texts());
        }
        return run.Summary();
    }

    // Before anything runs: what is in the way, and what is missing.
    private void Refuse()
    {
        foreach (Stage stage in pipeline.Stages)
        {
            if (!wanted.Contains(stage.Name))
                continue;
            string? inTheWay = stage.Outputs.FirstOrDefault(path =>
                File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            );
            if (state[stage.Name] is null && inTheWay is not null && !stage.Kind.KeepsOutput && !scope.Force)
                throw new UsageException(
                    $"{stage.Where}: stage '{stage.Name}': {inTheWay} is there, and no run of this folder wrote it; move it away, or give --force to replace it"
                );
            foreach (StageInput input in stage.Inputs.Where(input => input.Maker is { } maker && !wanted.Contains(maker)))
            {
                if (!SourceText.IsThere(input.Path))
                    throw new UsageException(
                        $"{stage.Where}: stage '{stage.Name}' begins with {input.Path}, which is not there; run stage '{input.Maker}' first"
                    );
            }
        }
    }

    private void All(CancellationToken cancel)
    {
        foreach (Stage stage in pipeline.Stages)
        {
            cancel.ThrowIfCancellationRequested();
            if (!wanted.Contains(stage.Name))
            {
                End(stage, "left-alone", "not asked for");
                view.Skip(stage.Name, "not asked for");
                continue;
            }
            Dictionary<string, string> inputs = prints.Inputs(stage, cancel),
                outputs = prints.Outputs(stage, cancel);
            StageDecision decision = StageDecision.Of(stage, state[stage.Name], inputs, outputs, scope.Force);
            if (decision.Start == StageStart.Skip)
            {
                End(stage, "skipped", decision.Why);
                view.Skip(stage.Name, decision.Why);
                continue;
            }
            view.Begin(stage.Name, decision.Why);
            try
            {
                Run(stage, decision.Start, inputs, cancel);
            }
            catch (Exception failure)
            {
                bool interrupted = failure is OperationCanceledException && cancel.IsCancellationRequested;
                End(stage, interrupted ? "interrupted" : "failed", interrupted ? "" : FlagNames.MessageOf(failure).ReplaceLineEndings(" "));
                view.Fail(stage.Name, interrupted ? "interrupted" : "failed");
                if (interrupted)
                    throw;
                throw new StageException($"{stage.Where}: stage '{stage.Name}'", failure);
            }
            End(stage, "ran", decision.Why);
            view.Done(stage.Name, state[stage.Name]!.Seconds, Summary(stage).FiguresLine);
        }
    }

    private void Run(Stage stage, StageStart start, Dictionary<string, string> inputs, CancellationToken cancel)
    {
        // Whether a finished output of another command may still be there when this one is killed early.
        bool replaces = start == StageStart.Replace || (start == StageStart.Resume && state[stage.Name]!.Replaces);
        StageRecord record = new()
        {
            Version = Verb.ToolVersion,
            Verb = stage.Kind.Verb,
            Options = stage.Options,
            Inputs = inputs,
            Replaces = replaces,
        };
        state.Set(stage.Name, record);
        prints.Forget(stage);
        Stopwatch watch = Stopwatch.StartNew();
        StageTerminal terminal = new(view, stage.Name);
        if (start == StageStart.Resume && stage.Resumes)
            Resume(stage, terminal, replaces, cancel);
        else
            Start(stage, terminal, start != StageStart.Fresh && stage.Overwrites ? ["--overwrite"] : [], cancel);
        if (stage.Kind.OutputOption is null)
            AtomicFile.WriteAllText(stage.Outputs[0], terminal.Summary?.ToJsonString() + "\n");
        state.Set(
            stage.Name,
            record with
            {
                Finished = true,
                Replaces = false,
                Outputs = prints.Outputs(stage, cancel),
                Seconds = watch.Elapsed.TotalSeconds,
                Summary = terminal.Summary,
                Text = terminal.Text,
            }
        );
    }

    private void Resume(Stage stage, StageTerminal terminal, bool replaces, CancellationToken cancel)
    {
        try
        {
            Start(stage, terminal, ["--resume"], cancel);
        }
        catch (Exception refused)
            when (replaces && stage.Overwrites && Failures.Describe(refused, interrupted: false).Code == ExitCode.BadInput)
        {
            // It was killed before it had put the earlier output away, so that there is nothing of its own to go on from.
            Start(stage, terminal, ["--overwrite"], cancel);
        }
    }

    private void Start(Stage stage, StageTerminal terminal, string[] more, CancellationToken cancel) =>
        stage.Verb.RunWithin(stage.Parse(root, more), terminal, cancel);

    private void End(Stage stage, string status, string why) => ended[stage.Name] = (status, why);

    private StageSummary Summary(Stage stage)
    {
        (string status, string why) = ended.GetValueOrDefault(stage.Name, ("waiting", ""));
        StageRecord? record = state[stage.Name];
        return new StageSummary(
            stage.Name,
            stage.Kind.Verb,
            status,
            why,
            record?.Seconds ?? 0,
            record?.Inputs ?? new Dictionary<string, string>(),
            record?.Outputs ?? new Dictionary<string, string>(),
            StageSummary.Pick(stage.Kind, record?.Summary),
            record?.Summary
        );
    }

    private RunSummary Summary()
    {
        StageSummary[] stages = [.. pipeline.Stages.Select(Summary)];
        return new RunSummary(
            Verb.ToolVersion,
            Path.GetFileName(file),
            pipeline.Output,
            stages.Count(stage => stage.Status == "ran"),
            stages.Count(stage => stage.Status == "skipped"),
            clock.Elapsed.TotalSeconds,
            stages
        );
    }

    private Dictionary<string, IReadOnlyList<string>> Texts() =>
        pipeline
            .Stages.Where(stage => stage.Kind.OutputOption is null && state[stage.Name] is { Text.Count: > 0 })
            .ToDictionary(stage => stage.Name, stage => state[stage.Name]!.Text);
}
