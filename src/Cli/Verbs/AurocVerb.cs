// dfkd auroc: how well scores and selection methods find what is known to be there. For tests and benchmarks only.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Measures;

namespace DataFreeKD.Cli.Verbs;

/// <summary>scores table + answers → figures on stdout.</summary>
internal sealed class AurocVerb : Verb
{
    private readonly Argument<string> scores = new("SCORES") { Description = "Scores table of dfkd score" };
    private readonly Option<string> truth = new("--truth")
    {
        Description =
            "Table with key (a file name), source (any text) and in_distribution (1 useful, 0 not); images that it does not name are left out",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string> budget = new("--budget")
    {
        Description = "How many of the best rows precision is taken over, e.g. 5000,10000",
        HelpName = "N,...",
        DefaultValueFactory = _ => "10000",
    };
    private readonly Option<string?> kinds = new("--kinds")
    {
        Description = "Sources to measure against one by one, and together, e.g. blur,noise",
        HelpName = "SOURCE,...",
    };
    private readonly Option<string?> natural = new("--natural")
    {
        Description = "Source that is the natural rest of the pool [default: the most frequent one that is not in distribution]",
        HelpName = "SOURCE",
    };
    private readonly Option<string?> negatives = new("--negatives")
    {
        Description = "Scores table of unwanted images, for the method learned",
        HelpName = "FILE",
    };

    private readonly Option<string?> embeddings = new("--embeddings")
    {
        Description = "Embeddings of the scores' rows (.npy or .parquet), or none [default: those that dfkd score wrote with the table]",
        HelpName = "FILE|none",
    };

    public AurocVerb()
        : base(
            "auroc",
            "Measure how well scores and selection methods find useful images, where it is known which are.",
            "dfkd auroc scores.csv --truth truth.csv --budget 10000\ndfkd auroc scores.csv --truth truth.csv --kinds blur,noise --budget 5000,10000"
        )
    {
        Add(scores);
        AddOptions(truth, budget, natural, kinds, negatives, embeddings);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        int[] best = Budgets(parsed.GetValue(budget)!);
        string[] sources = List(parsed.GetValue(kinds) ?? "");
        TruthReport report = TruthReport.Measure(
            Path.GetFullPath(parsed.GetRequiredValue(scores)),
            Path.GetFullPath(parsed.GetRequiredValue(truth)),
            parsed.GetValue(natural),
            best,
            parsed.GetValue(negatives),
            sources,
            parsed.GetValue(embeddings) is { } file && file != SetOptions.NoEmbeddings
                ? Path.GetFullPath(file)
                : parsed.GetValue(embeddings)
        );
        string Figure(double value) => double.IsFinite(value) ? value.ToString("F3", CultureInfo.InvariantCulture) : "-";
        terminal.Print(report, () =>
            TextTable.Format(
                [
                    "score or method",
                    "AUROC",
                    "natural",
                    "outliers",
                    .. report.Lines[0].Kinds.Keys,
                    .. best.Select(count => $"precision@{count}"),
                ],
                report.Lines.Select(line =>
                    (string[])
                        [
                            line.Name,
                            Figure(line.All),
                            Figure(line.Natural),
                            Figure(line.Outliers),
                            .. line.Kinds.Values.Select(Figure),
                            .. best.Select(count => Figure(line.Precision[count])),
                        ]
                )
            )
        );
    }

    private static string[] List(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];

    private static int[] Budgets(string text)
    {
        int[] budgets =
        [
            .. List(text)
                .Select(entry =>
                    int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
                        ? count
                        : throw new UsageException(
                            $"--budget {text}: expected whole numbers of 1 or more, separated by commas, e.g. 5000,10000"
                        )
                ),
        ];
        return budgets.Length > 0 ? budgets : throw new UsageException("--budget: give at least one number, e.g. 10000");
    }
}
