// The runs of a comparison as tables: a row a run for programs, a row a recipe for people.

using System.Globalization;
using System.Text;
using DataFreeKD.Manifests;
using MathNet.Numerics.Statistics;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Writes and summarises records, which stand in the order recipe by recipe, seed by seed.</summary>
internal sealed class ComparisonTables(ComparisonOptions options, IReadOnlyList<RunRecord> records)
{
    private readonly string baseline = options.Baseline ?? options.Recipes[0].Name;

    /// <summary>Figures that repeat with the runs: <c>results.csv</c>.</summary>
    public void WriteResults(string path)
    {
        string[] columns =
        [
            "recipe",
            "seed",
            "steps",
            "parameters",
            "final_loss",
            "held_out",
            .. options.TestSets.SelectMany(set =>
                (string[])[$"{set.Name}_images", $"{set.Name}_top1", $"{set.Name}_nll", $"{set.Name}_ece"]
            ),
        ];
        Write(path, columns, record =>
            [
                record.Recipe,
                Text(record.Seed),
                Text(record.Steps),
                Text(record.Parameters),
                Numbers.Format(record.FinalLoss),
                record.HeldOut is { } heldOut ? Numbers.Format(heldOut) : null,
                .. options
                    .TestSets.Select(set => record.Tests[set.Name])
                    .SelectMany(test =>
                        (string[])
                            [
                                Text(test.Images),
                                Numbers.Format(test.Top1),
                                Numbers.Format(test.NegativeLogLikelihood),
                                Numbers.Format(test.CalibrationError),
                            ]
                    ),
            ]
        );
    }

    /// <summary>What hangs on the clock: <c>times.csv</c>, apart, so that repeated comparisons have equal results.</summary>
    public void WriteTimes(string path) =>
        Write(path, ["recipe", "seed", "resumed_from", "seconds", "steps_per_second"], record =>
            [
                record.Recipe,
                Text(record.Seed),
                Text(record.ResumedFrom),
                Numbers.Format(record.Seconds),
                record.StepsPerSecond is { } speed ? Numbers.Format(speed) : null,
            ]
        );

    /// <summary>Means, deviations and differences, recipe by recipe.</summary>
    public IReadOnlyList<RecipeFigures> Figures() =>
        [.. options.Recipes.SelectMany(recipe => options.TestSets.Select(set => Figure(recipe.Name, set.Name)))];

    /// <summary>The table for people.</summary>
    public string Markdown(IReadOnlyList<RecipeFigures> figures)
    {
        StringBuilder text = new();
        IEnumerable<string> header = options.TestSets.SelectMany(set =>
            (string[])[$"{set.Name} top-1, %", $"{set.Name}: difference to {baseline} [95 %]", "beyond noise"]
        );
        text.Append("| recipe | parameters | ").AppendJoin(" | ", header).AppendLine(" | steps/s | wall, s |");
        text.Append("|---|---|").Append(string.Concat(Enumerable.Repeat("---|---|---|", options.TestSets.Count))).AppendLine("---|---|");
        foreach (ComparedRecipe recipe in options.Recipes)
        {
            RunRecord[] runs = [.. Of(recipe.Name)];
            IEnumerable<string> cells = figures.Where(figure => figure.Recipe == recipe.Name).SelectMany(Cells);
            double[] speeds = [.. runs.Select(run => run.StepsPerSecond).OfType<double>()];
            text.Append(CultureInfo.InvariantCulture, $"| {recipe.Name} | {runs[0].Parameters:N0} | ")
                .AppendJoin(" | ", cells)
                .AppendLine(
                    CultureInfo.InvariantCulture,
                    $" | {(speeds.Length > 0 ? speeds.Mean().ToString("F2", CultureInfo.InvariantCulture) : "-")} | {runs.Average(run => run.Seconds):F1}{(runs.Any(run => run.ResumedFrom > 0) ? "*" : "")} |"
                );
        }
        text.AppendLine();
        int[] steps = [.. records.Select(record => record.Steps).Distinct()];
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{(steps.Length == 1 ? $"{steps[0]:N0} steps" : "Unequal steps")}, seeds {string.Join(", ", options.Seeds)}: mean ± sample standard deviation. Differences are in points, paired by seed; the interval is Student's t with {options.Seeds.Count - 1} degrees of freedom, each recipe by itself, and a difference is beyond noise where it leaves 0 out."
        );
        if (records.Any(record => record.ResumedFrom > 0))
            text.AppendLine().AppendLine("\\* a run was interrupted: only the process that ended it is timed.");
        return text.ToString().ReplaceLineEndings("\n");
    }

    private RecipeFigures Figure(string recipe, string set)
    {
        double[] top1 = Top1(recipe, set);
        PairedDifference? difference = recipe == baseline ? null : PairedDifference.Of(top1, Top1(baseline, set));
        return new RecipeFigures
        {
            Recipe = recipe,
            TestSet = set,
            Top1 = top1,
            Mean = top1.Mean(),
            Deviation = top1.Length > 1 ? top1.StandardDeviation() : double.NaN,
            Difference = difference?.Mean,
            Low = difference?.Low,
            High = difference?.High,
            BeyondNoise = difference?.BeyondNoise ?? false,
        };
    }

    private static string[] Cells(RecipeFigures figure)
    {
        string mean = double.IsNaN(figure.Deviation) ? Points(figure.Mean) : $"{Points(figure.Mean)} ± {Points(figure.Deviation)}";
        if (figure.Difference is not { } difference)
            return [mean, "baseline", ""];
        return figure.Low is { } low && figure.High is { } high && double.IsFinite(low)
            ? [mean, $"{Signed(difference)} [{Signed(low)}, {Signed(high)}]", figure.BeyondNoise ? "yes" : "no"]
            : [mean, Signed(difference), "-"];
    }

    private double[] Top1(string recipe, string set) => [.. Of(recipe).Select(record => record.Tests[set].Top1)];

    private IEnumerable<RunRecord> Of(string recipe) => records.Where(record => record.Recipe == recipe);

    private void Write(string path, IReadOnlyList<string> columns, Func<RunRecord, IReadOnlyList<string?>> row)
    {
        using TableWriter table = Table.Create(path, columns);
        foreach (RunRecord record in records)
            table.Write(row(record));
        table.Commit();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Points(double share) => (100 * share).ToString("F2", CultureInfo.InvariantCulture);

    private static string Signed(double share) => (100 * share).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
