// Selecting: which rows are taken, in which order, and what is written.

using CsCheck;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class SelectionTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_best_rows_come_first_with_rank_score_and_weight()
    {
        SelectOptions options = new Pool(folder).Add(0.5).Add(0.1).Add(0.9).Add(0.3).Options() with { Budget = 2 };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        TableRow[] rows = Pool.Read(options.Output);
        Assert.Equal(["note 1", "note 3"], rows.Select(row => row["note"]));
        Assert.Equal(["1", "2"], rows.Select(row => row["rank"]));
        Assert.Equal(["-0.1", "-0.3"], rows.Select(row => row["selection_score"]));
        Assert.Equal(["1", "1"], rows.Select(row => row["weight"]));
        Assert.Equal("images/1.jpg", rows[0]["path"]);
    }

    [Fact]
    public void Selecting_a_tie_keeps_the_earlier_row() =>
        Assert.Equal([1, 2], Pool.Taken(new Pool(folder).Add(0.5).Add(0.2).Add(0.2).Add(0.2).Options() with { Budget = 2 }));

    [Fact]
    public void A_copy_counts_once_by_its_best_row() =>
        Assert.Equal(
            [2, 1],
            Pool.Taken(
                new Pool(folder).Add(0.4, sha256: "a").Add(0.3, sha256: "b").Add(0.1, sha256: "a").Add(0.9).Options() with
                {
                    Budget = 2,
                }
            )
        );

    [Fact]
    public void Copies_stay_where_asked() =>
        Assert.Equal(
            [0, 1],
            Pool.Taken(
                new Pool(folder).Add(0.1, sha256: "a").Add(0.2, sha256: "a").Add(0.9).Options() with
                {
                    Budget = 2,
                    DropDuplicates = false,
                }
            )
        );

    [Fact]
    public void Rows_without_a_known_content_are_not_copies_of_one_another() =>
        Assert.Equal([0, 1], Pool.Taken(new Pool(folder).Add(0.1, sha256: "").Add(0.2, sha256: "").Options() with { Budget = 2 }));

    [Fact]
    public void Any_pool_gives_what_sorting_all_of_it_gives()
    {
        Gen.Select(Gen.Int[0, 20], Gen.Int[0, 300], Gen.Int[0, 3])
            .Array[1, 4000]
            .Sample(
                pool =>
                {
                    Pool table = new(folder);
                    foreach ((int entropy, int content, int _) in pool)
                        table.Add(entropy / 10.0, sha256: $"{content}");
                    int[] expected =
                    [
                        .. Enumerable
                            .Range(0, pool.Length)
                            .GroupBy(at => pool[at].Item2)
                            .Select(copies => copies.MinBy(at => (pool[at].Item1, at)))
                            .OrderBy(at => (pool[at].Item1, at))
                            .Take(50),
                    ];
                    Assert.Equal(expected, Pool.Taken(table.Options() with { Budget = 50 }));
                },
                iter: 15,
                threads: 1
            );
    }

    [Fact]
    public void Rows_that_are_not_ok_are_skipped_and_counted_by_reason()
    {
        SelectOptions options = new Pool(folder)
            .Add(0.1, status: Status.Failed, reason: "decode_error")
            .Add(0.2)
            .Add(0.3, status: Status.Duplicate)
            .Add(0.4)
            .Options() with
        {
            Budget = 10,
        };
        SelectionSummary summary = SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(4, summary.Rows);
        Assert.Equal(2, summary.Selected);
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["duplicate"] = 1,
                ["failed/decode_error"] = 1,
                ["ok"] = 2,
            },
            summary.Counts
        );
    }

    [Fact]
    public void Equal_shares_hand_on_what_small_classes_lack()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 40; row++)
            pool.Add(
                row / 100.0,
                prediction: row < 2 ? 0
                    : row < 20 ? 1
                    : 2
            );
        SelectionSummary summary = SelectionRun.Execute(
            pool.Options() with
            {
                Budget = 12,
                Quota = ClassQuota.Equal,
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["class0"] = 2,
                ["class1"] = 5,
                ["class2"] = 5,
            },
            summary.Classes
        );
        Assert.Equal(-0.24, summary.Thresholds["class2"], 12);
    }

    [Fact]
    public void Equal_shares_hand_on_what_copies_took_too()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 10; row++)
            pool.Add(0.1, prediction: 0, sha256: "same");
        for (int row = 0; row < 10; row++)
            pool.Add(0.5, prediction: 1);
        SelectionSummary summary = SelectionRun.Execute(
            pool.Options() with
            {
                Budget = 8,
                Quota = ClassQuota.Equal,
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.Equal(new Dictionary<string, long> { ["class0"] = 1, ["class1"] = 7 }, summary.Classes);
    }

    [Fact]
    public void Rows_per_class_are_taken_as_given()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 30; row++)
            pool.Add(row / 100.0, prediction: row % 3);
        SelectionSummary summary = SelectionRun.Execute(
            pool.Options() with
            {
                PerClass = new Dictionary<string, long>
                {
                    ["class0"] = 1,
                    ["2"] = 4,
                    ["*"] = 2,
                },
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["class0"] = 1,
                ["class1"] = 2,
                ["class2"] = 4,
            },
            summary.Classes
        );
    }

    [Fact]
    public void Balanced_weights_give_every_class_the_same_total()
    {
        Pool pool = new Pool(folder).Add(0.1).Add(0.2).Add(0.3).Add(0.4, prediction: 1);
        SelectOptions options = pool.Options() with { Budget = 4, Weight = RowWeight.Balanced };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        double[] weights = [.. Pool.Read(options.Output).Select(row => Numbers.Parse(row["weight"], row, "weight"))];
        Assert.Equal(4, weights.Sum(), 9);
        Assert.Equal(2, weights[3], 9);
    }

    [Theory]
    [InlineData(0.5, 2)]
    [InlineData(1.0, 4)]
    [InlineData(0.01, 1)]
    public void A_fraction_is_of_the_usable_rows(double fraction, int rows) =>
        Assert.Equal(
            rows,
            Pool.Taken(
                new Pool(folder).Add(0.1).Add(0.2).Add(0.3).Add(0.4).Add(0.5, status: Status.Failed).Options() with
                {
                    Fraction = fraction,
                }
            ).Length
        );

    [Fact]
    public void A_threshold_takes_what_reaches_it() =>
        Assert.Equal([1, 0], Pool.Taken(new Pool(folder).Add(0.2).Add(0.1).Add(0.3).Options() with { Threshold = -0.2 }));

    [Fact]
    public void Paths_stay_those_of_the_same_files_when_the_selection_lies_elsewhere()
    {
        SelectOptions options = new Pool(folder).Add(0.1).Options() with { Budget = 1, Output = folder["runs/1/selected.parquet"] };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        TableRow row = Pool.Read(options.Output).Single();
        Assert.Equal(folder["images/0.jpg"], ManifestPath.FromTable(row["path"]!, options.Output));
    }

    [Fact]
    public void A_selection_can_be_selected_from_again()
    {
        SelectOptions first = new Pool(folder).Add(0.3).Add(0.1).Add(0.2).Options() with { Budget = 3 };
        Pool.Taken(first);
        SelectOptions second = first with { Scores = first.Output, Output = folder["again.csv"], Budget = 2 };
        Assert.Equal([1, 2], Pool.Taken(second));
        Assert.Single(Pool.Read(second.Output)[0].Header.Columns, column => column == "rank");
    }

    [Fact]
    public void A_selection_that_is_there_is_replaced_only_when_asked_to()
    {
        SelectOptions options = new Pool(folder).Add(0.3).Add(0.1).Options() with { Budget = 1, Overwrite = false };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        byte[] first = File.ReadAllBytes(options.Output);

        SelectionException refusal = Assert.Throws<SelectionException>(() =>
            SelectionRun.Execute(options with { Budget = 2 }, cancel: TestContext.Current.CancellationToken)
        );

        Assert.Equal($"{options.Output} exists; name another output or give Overwrite", refusal.Message);
        Assert.Equal(first, File.ReadAllBytes(options.Output));
        Assert.Equal(
            2,
            SelectionRun.Execute(options with { Budget = 2, Overwrite = true }, cancel: TestContext.Current.CancellationToken).Selected
        );
    }

    [Fact]
    public void The_same_run_twice_writes_the_same_bytes_and_its_provenance()
    {
        SelectOptions options = new Pool(folder).Add(0.3, 1).Add(0.1).Add(0.2, 1).Options() with { Method = "attention-probe", Budget = 2 };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        byte[] first = File.ReadAllBytes(options.Output);
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(first, File.ReadAllBytes(options.Output));
        Provenance made = Provenance.ReadBeside(options.Output)!;
        Assert.Equal(Provenance.HashFile(options.Scores, TestContext.Current.CancellationToken), made.Inputs["scores.csv"]);
        Assert.Equal("attention-probe", made.Options["method"]);
        Assert.Equal(["scores.csv", "selected.csv", "selected.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        SelectOptions options = new Pool(folder).Add(0.1).Options();
        Assert.Contains("exactly one", Assert.Throws<SelectionException>(options.Validate).Message, StringComparison.Ordinal);
        Assert.Throws<SelectionException>((options with { Budget = 1, Fraction = 0.5 }).Validate);
        Assert.Throws<SelectionException>((options with { Budget = 0 }).Validate);
        Assert.Throws<SelectionException>((options with { Fraction = 1.5 }).Validate);
        Assert.Throws<SelectionException>((options with { Budget = 1, Output = options.Scores }).Validate);
        Assert.Contains(
            "attention-probe",
            Assert.Throws<SelectionException>((options with { Budget = 1, Method = "best" }).Validate).Message,
            StringComparison.Ordinal
        );
    }
}
