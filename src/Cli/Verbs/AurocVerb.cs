// dfkd auroc: how well scores and selection methods find what is known to be there. For tests and benchmarks only.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Selector.Measures;

namespace DataFreeKD.Cli.Verbs;

/// <summary>scores table + answers → figures on stdout.</summary>
internal sealed class AurocVerb : Verb
{
    private readonly Argument<string> scores = new("SCORES") { Description = "Scores table of dfkd score" };
    private readonly Option<string> truth = new("--truth") { Description = "Table with key (a file name), source and in_distribution (0 or 1)", HelpName = "FILE", Required = true };
    private readonly Option<int> budget = CommonOptions.Count("--budget", "How many of the best rows precision is taken over", 10_000).AtLeast(1);
    private readonly Option<string?> natural = new("--natural") { Description = "Source that is the natural rest of the pool [default: the most frequent one that is not in distribution]", HelpName = "SOURCE" };
    private readonly Option<string?> negatives = new("--negatives") { Description = "Scores table of images that nobody wants, for the method learned", HelpName = "FILE" };

    public AurocVerb() : base("auroc", "Measure scores and selection methods on a pool whose answers are known.", "dfkd auroc scores.csv --truth truth.csv --budget 10000")
    {
        Add(scores);
        AddOptions(truth, budget, natural, negatives);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        int best = parsed.GetValue(budget);
        TruthReport report = TruthReport.Measure(
            Path.GetFullPath(parsed.GetRequiredValue(scores)),
            Path.GetFullPath(parsed.GetRequiredValue(truth)),
            parsed.GetValue(natural),
            best,
            parsed.GetValue(negatives));
        string Figure(double value) => double.IsFinite(value) ? value.ToString("F3", CultureInfo.InvariantCulture) : "-";
        terminal.Print(report, () => TextTable.Format(
            ["score or method", "AUROC", "natural", "outliers", $"precision@{best}"],
            report.Lines.Select(line => new[] { line.Name, Figure(line.All), Figure(line.Natural), Figure(line.Outliers), Figure(line.Precision) })));
    }
}
