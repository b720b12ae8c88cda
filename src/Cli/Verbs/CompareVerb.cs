// dfkd compare: recipes times seeds, and whether they differ beyond noise.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Cli.Recipes;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Fleet;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Verbs;

/// <summary>recipes file → students, tables.</summary>
internal sealed class CompareVerb : Verb
{
    private readonly Argument<string> recipes = new("RECIPES")
    {
        Description = "YAML file of recipes, seeds and test sets (docs/compare.md)",
    };
    private readonly Option<string> output = CommonOptions.Output(
        "Folder for the runs and the tables; what is finished in it is kept",
        "DIR"
    );
    private readonly Choice<NumericProfile> numerics = CommonOptions.Numerics(
        "Vector instructions of every run: machines of different processors give the same bytes under avx2 or avx512"
    );
    private readonly RunShardOptionSet sharding = RunShardOptionSet.OfRuns();

    public CompareVerb()
        : base(
            "compare",
            "Run recipes with several seeds each, measure the students, and tell differences from noise.",
            "dfkd compare recipes.yaml -o comparison/\ndfkd compare recipes.yaml -o comparison/ --threads 4 --shard 0/8\ndfkd compare /pool/recipes.yaml -o /pool/comparison --threads 4 --engine nats://127.0.0.1:4222"
        )
    {
        Add(recipes);
        AddOptions([
            output,
            numerics.Option,
            .. sharding.All,
            CommonOptions.Device,
            CommonOptions.Threads,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed) => sharding.StepIn(parsed);

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        ShardStep step = sharding.StepIn(parsed);
        int threads = parsed.GetValue(CommonOptions.Threads);
        ComparisonOptions options = RecipesFile.Read(
            parsed.GetRequiredValue(recipes),
            Path.GetFullPath(parsed.GetRequiredValue(output)),
            parsed.GetValue(CommonOptions.Device)!,
            threads
        );
        options = options with { Overwrite = parsed.GetValue(CommonOptions.Overwrite), Numerics = numerics.In(parsed) };
        options.Validate();
        NumericProfiles.Apply(options.Numerics);
        TorchRuntime.Start(threads);
        if (step == ShardStep.Work)
        {
            Share(parsed, options, terminal, cancel);
            return;
        }
        ComparisonSummary summary = step switch
        {
            ShardStep.Finish => new ShardedComparison(options, terminal.Note, cancel).Finish(cancel),
            ShardStep.Engine => terminal.Track<FleetProgress, ComparisonSummary>(Show, progress =>
                sharding.CoordinatorIn(parsed).Run(options, terminal.Note, progress, cancel)
            ),
            _ => terminal.Track<TrainProgress, ComparisonSummary>(
                progress => TrainingText.Show(progress, "score"),
                progress => ComparisonRun.Execute(options, progress, cancel)
            ),
        };
        terminal.Note(
            string.Create(CultureInfo.InvariantCulture, $"{summary.Runs} runs, {summary.Kept} of them from before -> {summary.Output}")
        );
        if (summary.Elsewhere > 0)
            terminal.Note(
                $"{summary.Elsewhere} more are in the hands of other processes; the last of them writes the tables, or call this again"
            );
        terminal.Print(summary, () => summary.Table.TrimEnd('\n'));
    }

    // A share of the runs.
    private void Share(ParseResult parsed, ComparisonOptions options, Terminal terminal, CancellationToken cancel)
    {
        ShardShare share = sharding.ShareIn(parsed);
        ShardSummary summary = terminal.Track<TrainProgress, ShardSummary>(
            progress => TrainingText.Show(progress, "score"),
            progress => new ShardedComparison(options, terminal.Note, cancel).Work(share, sharding.RetriesIn(parsed), progress, cancel)
        );
        terminal.Conclude(summary, () => Lines(summary, share, options.Output));
        if (summary.Failed.Count > 0)
            throw new ShardException(
                ShardProblem.Failed,
                $"{summary.Failed.Count} runs failed; {Path.Combine(ComparisonPlan.FolderOf(options.Output), FailedShards.Name)} says which, and why"
            );
    }

    private static IEnumerable<string> Lines(ShardSummary summary, ShardShare share, string output)
    {
        string failed = summary.Failed.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $", {summary.Failed.Count:N0} failed") : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"share {share}: {summary.Done:N0} runs in {summary.Seconds:F1} s{failed}; {summary.Finished:N0} of {summary.Shards:N0} runs are finished"
        );
        if (summary.Finished == summary.Shards)
            yield return $"next: --finish in place of --shard, which writes the tables in {output}";
    }

    private static ProgressLine Show(FleetProgress progress)
    {
        string failed = progress.Failed > 0 ? string.Create(CultureInfo.InvariantCulture, $", {progress.Failed:N0} failed") : "";
        return new(
            "compare",
            progress.Done,
            progress.Shards,
            string.Create(CultureInfo.InvariantCulture, $"runs, {progress.InFlight:N0} in flight{failed}")
        );
    }
}
