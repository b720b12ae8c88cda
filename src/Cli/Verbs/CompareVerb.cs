// dfkd compare: recipes times seeds, and whether they differ beyond noise.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Cli.Recipes;
using DataFreeKD.Distiller;

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

    public CompareVerb()
        : base(
            "compare",
            "Run recipes with several seeds each, measure the students, and tell differences from noise.",
            "dfkd compare recipes.yaml -o comparison/"
        )
    {
        Add(recipes);
        AddOptions([output, CommonOptions.Device, CommonOptions.Threads, CommonOptions.Overwrite]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        int threads = parsed.GetValue(CommonOptions.Threads);
        ComparisonOptions options = RecipesFile.Read(
            parsed.GetRequiredValue(recipes),
            Path.GetFullPath(parsed.GetRequiredValue(output)),
            parsed.GetValue(CommonOptions.Device)!,
            threads
        );
        options = options with { Overwrite = parsed.GetValue(CommonOptions.Overwrite) };
        options.Validate();
        TorchRuntime.Start(threads);
        ComparisonSummary summary = terminal.Track<TrainProgress, ComparisonSummary>(
            progress => TrainingText.Show(progress, "score"),
            progress => ComparisonRun.Execute(options, progress, cancel)
        );
        terminal.Note(
            string.Create(CultureInfo.InvariantCulture, $"{summary.Runs} runs, {summary.Kept} of them from before -> {summary.Output}")
        );
        if (summary.Elsewhere > 0)
            terminal.Note(
                $"{summary.Elsewhere} more are in the hands of other processes; the last of them writes the tables, or call this again"
            );
        terminal.Print(summary, () => summary.Table.TrimEnd('\n'));
    }
}
