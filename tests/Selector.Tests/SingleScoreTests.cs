// Methods that rank by one score, and how every score is measured against answers.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Measures;
using DataFreeKD.Selector.Scores;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class SingleScoreTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Method, its columns, and whether a higher figure is the more useful one.</summary>
    public static TheoryData<string, string[], bool> Methods { get; } =
        new()
        {
            { "confidence", ["confidence"], true },
            { "entropy", ["entropy"], false },
            { "energy", ["energy"], false },
            { "max-logit", ["max_logit"], true },
            { "margin", ["margin"], true },
            { "gen", ["gen"], false },
            { "feature-norm", ["feature_norm"], true },
            { "weight-cosine", ["weight_cosine"], true },
            { "react-energy", ["react_energy"], false },
            { "variance", ["probe_variance_1", "probe_variance_4"], true },
            { "cosine", ["probe_cosine_1", "probe_cosine_4"], false },
            { "probe-entropy", ["probe_entropy_1", "probe_entropy_4"], false },
            { "rollout-entropy", ["rollout_entropy"], false },
            { "rollout-variance", ["rollout_variance"], true },
            { "view-agreement", ["view_agreement"], true },
            { "view-kl", ["view_kl"], false },
            { "intact", ["intact"], true },
        };

    /// <summary>Method and its column, without the number of a block.</summary>
    public static TheoryData<string, string> MethodsAndColumns =>
        [
            .. Methods.Select(row => new TheoryDataRow<string, string>(
                row.Data.Item1,
                row.Data.Item2[0].Replace("_1", "", StringComparison.Ordinal)
            )),
        ];

    private static IEnumerable<string> AllColumns => Methods.SelectMany(row => row.Data.Item2).Distinct();

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_method_ranks_first_what_its_score_calls_most_useful(string method, string[] columns, bool higher)
    {
        double[] figures = [0.4, 0.1, 0.7, 0.2];
        SelectOptions options = new()
        {
            Scores = Table(columns, figures),
            Output = folder["selected.csv"],
            Method = method,
            Budget = 4,
            Quota = ClassQuota.None,
        };

        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);

        int[] best = [.. Enumerable.Range(0, 4).OrderBy(row => higher ? -figures[row] : figures[row])];
        Assert.Equal(best.Select(row => $"{row}.jpg"), Pool.Read(options.Output).Select(row => row["path"]));
    }

    [Theory]
    [MemberData(nameof(MethodsAndColumns))]
    public void A_table_without_the_score_is_refused_by_its_name_with_a_cure(string method, string column)
    {
        string[] others = [.. AllColumns.Where(other => !other.StartsWith(column, StringComparison.Ordinal))];
        TableException refusal = Assert.Throws<TableException>(() =>
            ScoreCatalogue
                .Find(method)
                .Bind(
                    new TableHeader(others, "s.csv"),
                    new SelectOptions
                    {
                        Scores = "s.csv",
                        Output = "o.csv",
                        Method = method,
                    }
                )
        );

        Assert.Contains(column, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("score the images", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_of_blocks_counts_by_its_mean_over_those_asked_for()
    {
        TableHeader header = new(["path", "probe_variance_1", "probe_entropy_1", "probe_variance_4", "probe_entropy_4"], "s.csv");
        SelectOptions options = new()
        {
            Scores = "s.csv",
            Output = "o.csv",
            Method = "probe-entropy",
        };

        Assert.Equal(-0.5, ScoreCatalogue.Find("probe-entropy").Bind(header, options).Evaluate([0.4, 0.6], 0), 12);
        Assert.Equal(["probe_entropy_4"], ScoreCatalogue.Find("probe-entropy").Bind(header, options with { Blocks = [4] }).Columns);
    }

    [Fact]
    public void Every_score_of_the_contract_is_a_method_and_is_measured()
    {
        Assert.Superset(Columns.ExtraScores.ToHashSet(), AllColumns.ToHashSet());

        TruthReport report = TruthReport.Measure(Table([.. AllColumns], [0.4, 0.1, 0.7, 0.2]), Truth());

        HashSet<string> measured = [.. report.Lines.Select(line => line.Name)];
        foreach ((string method, string[] columns, bool higher) in Methods.Select(row => row.Data))
        {
            Assert.Superset(new HashSet<string>([method, .. columns.Select(column => higher ? column : "-" + column)]), measured);
        }
    }

    [Fact]
    public void Answers_are_told_by_kind_and_at_several_budgets()
    {
        // In distribution: 2.jpg and 3.jpg, with the highest margin and the third; 0.jpg is natural, 1.jpg noise.
        TruthReport report = TruthReport.Measure(
            Table(["margin"], [0.4, 0.1, 0.7, 0.2]),
            Truth(),
            precisionAt: [1, 2, 3],
            kinds: ["noise"]
        );

        TruthLine margin = report.Lines.First(line => line.Name == "margin");
        Assert.Equal(0.75, margin.All);
        Assert.Equal(0.5, margin.Natural);
        Assert.Equal(new Dictionary<string, double> { ["noise"] = 1, ["kinds"] = 1 }, margin.Kinds);
        Assert.Equal(
            new Dictionary<int, double>
            {
                [1] = 1,
                [2] = 0.5,
                [3] = 2 / 3.0,
            },
            margin.Precision
        );
        TableException refusal = Assert.Throws<TableException>(() =>
            TruthReport.Measure(Table(["margin"], [0.4, 0.1, 0.7, 0.2]), Truth(), kinds: ["planted"])
        );
        Assert.Contains("natural, noise", refusal.Message, StringComparison.Ordinal);
    }

    // Every scores table has probe variances.
    private string Table(string[] scores, double[] figures)
    {
        string[] columns = [.. scores.Union(["probe_variance_1", "probe_variance_4"])];
        using TableWriter writer = Manifests.Table.Create(folder["scores.csv"], ["path", "status", .. columns]);
        for (int row = 0; row < figures.Length; row++)
            writer.Write([$"{row}.jpg", Status.Ok, .. columns.Select(_ => Numbers.Format(figures[row]))]);
        writer.Commit();
        return folder["scores.csv"];
    }

    private string Truth()
    {
        File.WriteAllText(
            folder["truth.csv"],
            "key,source,in_distribution\r\n0.jpg,natural,0\r\n1.jpg,noise,0\r\n2.jpg,planted,1\r\n3.jpg,planted,1\r\n9.jpg,natural,0\r\n"
        );
        return folder["truth.csv"];
    }
}
