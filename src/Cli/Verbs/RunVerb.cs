// dfkd run: the whole chain from one file.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Cli.Pipeline;

namespace DataFreeKD.Cli.Verbs;

/// <summary>pipeline file → everything that its stages write.</summary>
internal sealed class RunVerb : Verb
{
    private readonly Argument<string> file = new("PIPELINE") { Description = "YAML file of stages (docs/run.md)" };
    private readonly Option<string?> output = new Option<string?>("--output", "-o")
    {
        Description = "Folder for all outputs; what is right in it is kept [default: the file's own]",
        HelpName = "DIR",
    }.NamesAFile();
    private readonly Option<string?> from = new("--from") { Description = "Leave the stages before this one alone", HelpName = "STAGE" };
    private readonly Option<string?> only = new("--only") { Description = "Leave all stages but this one alone", HelpName = "STAGE" };
    private readonly Option<bool> force = new("--force") { Description = "Run stages even where nothing has changed" };
    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Only tell which stages would run, and why" };

    public RunVerb()
        : base(
            "run",
            "Run a whole chain from one file; stages whose inputs and options are unchanged are skipped.",
            "dfkd run pipeline.yaml -o out/\ndfkd run pipeline.yaml -o out/ --dry-run\ndfkd run pipeline.yaml -o out/ --from distill --force"
        )
    {
        Add(file);
        AddOptions([output, from, only, force, dryRun, .. StorageOptionSet.All]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        string path = parsed.GetRequiredValue(file);
        RootCommand root = CommandLine.Build();
        Pipeline.Pipeline pipeline = PipelineFile.Read(path, parsed.GetValue(output) is { } folder ? Path.GetFullPath(folder) : null, root);
        RunScope scope = new(parsed.GetValue(from), parsed.GetValue(only), parsed.GetValue(force));
        // Whatever a stage names is relative to the file, as its paths are.
        Environment.CurrentDirectory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (parsed.GetValue(dryRun))
        {
            IReadOnlyList<PlannedStage> plan = PipelinePlan.Of(pipeline, scope, cancel);
            terminal.Print(new { pipeline.Output, Stages = plan }, () =>
                TextTable.Format(["stage", "action", "why"], plan.Select(stage => (string[])[stage.Name, stage.Action, stage.Why]))
            );
            return;
        }
        RunSummary summary = PipelineRun.Execute(pipeline, path, root, scope, terminal.View(), cancel);
        terminal.Note(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.Ran} stages ran, {summary.Skipped} were unchanged, in {summary.Seconds:F1} s -> {summary.Output}"
            )
        );
        terminal.Print(summary, summary.Table);
    }
}
