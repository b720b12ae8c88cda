// Quotas: shares add up, files say what they mean, mistakes are named with their line.

using CsCheck;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class QuotaTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Shares_add_up_to_the_budget_or_to_all_there_is() =>
        Gen.Select(Gen.Select(Gen.Double[0, 5], Gen.Long[0, 200]).Array[1, 12], Gen.Long[0, 1500])
            .Sample(
                asked =>
                {
                    ((double Weight, long Count)[] classes, long budget) = asked;
                    Dictionary<long, long> counts = classes.Index().ToDictionary(known => (long)known.Index, known => known.Item.Count);
                    Dictionary<long, double> weights = classes
                        .Index()
                        .ToDictionary(known => (long)known.Index, known => Math.Floor(known.Item.Weight));
                    Dictionary<long, long> shares = ClassShares.Proportional(weights, counts, budget);
                    Assert.Equal(
                        Math.Min(budget, counts.Where(known => weights[known.Key] > 0).Sum(known => known.Value)),
                        shares.Values.Sum()
                    );
                    Assert.All(shares, share => Assert.InRange(share.Value, 0, weights[share.Key] > 0 ? counts[share.Key] : 0));
                    // Of two classes that are not used up, none is more than one row from the other's share for its weight.
                    long[] open = [.. shares.Keys.Where(id => weights[id] > 0 && shares[id] < counts[id])];
                    Assert.All(open, one =>
                        Assert.All(open, other =>
                            Assert.True(shares[one] - shares[other] * weights[one] / weights[other] <= 1 + weights[one] / weights[other])
                        )
                    );
                },
                iter: 500
            );

    [Theory]
    [InlineData("class,share\nclass0,1\n1,2\n*,1\n", 2, 4, 2)]
    [InlineData("share,class\n0.5,class2\n0.25,0\n0.25,class1\n", 2, 2, 4)]
    [InlineData("class,share\nclass1,1\n", 0, 8, 0)]
    public void A_file_of_shares_divides_the_budget(string file, int first, int second, int third)
    {
        SelectOptions options = ThreeClasses() with { Budget = 8, QuotaFile = Text("quotas.csv", file) };
        IReadOnlyDictionary<string, long> classes = SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken).Classes;
        Assert.Equal(
            (first, second, third),
            (classes.GetValueOrDefault("class0"), classes.GetValueOrDefault("class1"), classes.GetValueOrDefault("class2"))
        );
    }

    [Fact]
    public void A_file_of_counts_is_a_size_by_itself()
    {
        SelectOptions options = ThreeClasses() with { QuotaFile = Text("quotas.csv", "class,count\nclass2,3\n*,1\n") };
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["class0"] = 1,
                ["class1"] = 1,
                ["class2"] = 3,
            },
            SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken).Classes
        );
        Assert.Contains("leave the budget", Refusal(options with { Budget = 4 }), StringComparison.Ordinal);
        Assert.Contains(
            "give a budget",
            Refusal(options with { QuotaFile = Text("shares.csv", "class,share\n*,1\n") }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_teachers_quota_is_the_pools_share_of_each_prediction()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 60; row++)
            pool.Add(
                row / 100.0,
                prediction: row < 30 ? 0
                    : row < 50 ? 1
                    : 2
            );
        SelectionSummary summary = SelectionRun.Execute(
            pool.Options() with
            {
                Budget = 12,
                Quota = ClassQuota.Teacher,
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["class0"] = 6,
                ["class1"] = 4,
                ["class2"] = 2,
            },
            summary.Classes
        );
    }

    [Fact]
    public void The_floor_takes_the_best_but_a_quarter_of_an_equal_share_of_each_class()
    {
        Assert.Equal(ClassQuota.Floor, new SelectOptions { Scores = "", Output = "" }.Quota);
        Pool pool = new(folder);
        // Best first: class 0, then class 1, then class 2, which has few; class 3 has all of the worst but one row.
        for (int row = 0; row < 100; row++)
            pool.Add(
                row / 100.0,
                prediction: row < 60 ? 0
                    : row < 90 ? 1
                    : row < 92 ? 2
                    : 3
            );
        SelectOptions options = pool.Options() with { Quota = ClassQuota.Floor };

        // An equal share of 64 is 16, so the floor is 4: two are all of class 2.
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["class0"] = 54,
                ["class1"] = 4,
                ["class2"] = 2,
                ["class3"] = 4,
            },
            Classes(options with { Budget = 64 })
        );
        Assert.Equal([.. Enumerable.Range(0, 54), 60, 61, 62, 63, 90, 91, 92, 93, 94, 95], Pool.Taken(options with { Budget = 64 }));
        // Below a row for each class there is no floor.
        Assert.Equal(new Dictionary<string, long> { ["class0"] = 15 }, Classes(options with { Budget = 15 }));
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["class0"] = 60,
                ["class1"] = 18,
                ["class2"] = 2,
                ["class3"] = 5,
            },
            Classes(options with { Budget = 85 })
        );
        Assert.Equal(100, SelectionRun.Execute(options with { Budget = 500 }, cancel: TestContext.Current.CancellationToken).Selected);
    }

    [Fact]
    public void Copies_in_a_floor_are_made_up_for()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 40; row++)
            pool.Add(row / 100.0, prediction: row < 20 ? 0 : 1, sha256: row is >= 2 and < 10 ? "same" : null);
        Assert.Equal(
            [0, 1, 2, .. Enumerable.Range(10, 10), 20, 21, 22],
            Pool.Taken(pool.Options() with { Quota = ClassQuota.Floor, Budget = 16 })
        );
    }

    [Fact]
    public void Floors_and_the_rest_add_up_to_the_budget_and_follow_the_ranking() =>
        Gen.Select(Gen.Int[0, 5].Array[1, 200], Gen.Int[1, 220])
            .Sample(
                asked =>
                {
                    (int[] ranking, int budget) = asked;
                    Dictionary<long, long> counts = ranking
                        .CountBy(id => (long)id)
                        .ToDictionary(known => known.Key, known => (long)known.Value);
                    Dictionary<long, long> shares = FloorShares.Of([.. ranking.Take(budget).Select(id => (long)id)], counts, budget);
                    Assert.Equal(Math.Min(budget, ranking.Length), shares.Values.Sum());
                    long least = (long)(FloorShares.Part * budget / counts.Count);
                    Assert.All(shares, share => Assert.InRange(share.Value, Math.Min(least, counts[share.Key]), counts[share.Key]));
                    // Above its floor no class has a row that is ranked below one left out of another class.
                    long[] last =
                    [
                        .. shares
                            .Where(share => share.Value > Math.Min(least, counts[share.Key]))
                            .Select(share => Place(share.Key, share.Value)),
                    ];
                    long[] next =
                    [
                        .. shares.Where(share => share.Value < counts[share.Key]).Select(share => Place(share.Key, share.Value + 1)),
                    ];
                    if (last.Length > 0 && next.Length > 0)
                        Assert.True(last.Max() < next.Min());

                    long Place(long id, long nth) => ranking.Index().Where(row => row.Item == id).ElementAt((int)nth - 1).Index;
                },
                iter: 500
            );

    [Theory]
    [InlineData("class,share\ncat,1\n", "line 2", "'cat'")]
    [InlineData("class,share\nclass0,1\nclass0,2\n", "line 3", "twice")]
    [InlineData("class,share\nclass0,-1\n", "line 2", "0 or more")]
    [InlineData("class,share\nclass0,\n", "line 2", "0 or more")]
    [InlineData("class,share\nclass0,much\n", "line 2", "not a number")]
    [InlineData("class,share\n,1\n", "line 2", "no name")]
    [InlineData("class,share\nclass0,0\n", "quotas.csv", "more than 0")]
    [InlineData("class,count\nclass0,1.5\n", "line 2", "whole number")]
    [InlineData("class,weight\nclass0,1\n", "quotas.csv", "'share'")]
    [InlineData("class,share,count\nclass0,1,1\n", "quotas.csv", "one of")]
    [InlineData("name,share\nclass0,1\n", "quotas.csv", "no column 'class'")]
    public void A_mistake_in_a_file_is_named_with_its_place(string file, string where, string what)
    {
        SelectOptions options = ThreeClasses() with { QuotaFile = Text("quotas.csv", file) };
        string message = Refusal(file.Contains("count\n", StringComparison.Ordinal) ? options : options with { Budget = 3 });
        Assert.Contains(where, message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, long> Classes(SelectOptions options) =>
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken).Classes;

    private static string Refusal(SelectOptions options)
    {
        Exception? problem = Record.Exception(() => SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken));
        Assert.True(problem is SelectionException or TableException, $"{problem}");
        return problem!.Message;
    }

    private SelectOptions ThreeClasses()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 30; row++)
            pool.Add(row / 100.0, prediction: row % 3);
        return pool.Options();
    }

    private string Text(string name, string text)
    {
        File.WriteAllText(folder[name], text);
        return folder[name];
    }
}
