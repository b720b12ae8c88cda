// Sets: near duplicates, spread, difficulty, order and weights, from the table to the selection.

using System.Globalization;
using System.Numerics;
using CsCheck;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Sets;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class SetTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Of_near_duplicates_the_better_ranked_stays_and_another_row_takes_the_place()
    {
        Pool pool = new Pool(folder)
            .Add(0.3, phash: Hash(0))
            .Add(0.1, phash: Hash(0b1111))
            .Add(0.2, phash: Hash(ulong.MaxValue))
            .Add(0.4, phash: Hash(0xFFFF_0000));
        Assert.Equal(
            [1, 2, 3],
            Pool.Taken(
                pool.Options() with
                {
                    Budget = 3,
                    Set = new SetOptions { NearDuplicates = 4 },
                }
            )
        );
        Assert.Equal(
            [1, 2, 0],
            Pool.Taken(
                pool.Options() with
                {
                    Budget = 3,
                    Set = new SetOptions { NearDuplicates = 3 },
                }
            )
        );
    }

    [Fact]
    public void Rows_of_other_colours_or_without_a_hash_are_no_near_duplicates()
    {
        string red = string.Concat(Enumerable.Repeat("c81414", 4)),
            blue = string.Concat(Enumerable.Repeat("1414c8", 4));
        Pool pool = new Pool(folder)
            .Add(0.1, phash: Hash(7), colours: red)
            .Add(0.2, phash: Hash(7), colours: blue)
            .Add(0.3, phash: Hash(7), colours: red)
            .Add(0.4)
            .Add(0.5);
        Assert.Equal(
            [0, 1, 3, 4],
            Pool.Taken(
                pool.Options() with
                {
                    Budget = 5,
                    Set = new SetOptions { NearDuplicates = 4 },
                }
            )
        );
    }

    [Fact]
    public void Groups_are_numbered_in_the_selection_and_listed_beside_it()
    {
        Pool pool = new Pool(folder)
            .Add(0.1, phash: Hash(0))
            .Add(0.2, phash: Hash(ulong.MaxValue))
            .Add(0.3, phash: Hash(1))
            .Add(0.4, phash: Hash(ulong.MaxValue - 3))
            .Add(0.5, phash: Hash(3))
            .Add(0.6, phash: Hash(0xFFFF_0000));
        SelectOptions options = pool.Options() with
        {
            Budget = 3,
            Output = folder["runs/selected.csv"],
            Set = new SetOptions { NearDuplicates = 4 },
        };
        SelectionSummary summary = SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(3, summary.NearDuplicatesDropped);
        Assert.Equal(["1", "2", ""], Pool.Read(options.Output).Select(row => row[Columns.DuplicateGroup]));
        TableRow[] listed = Pool.Read(folder["runs/selected.duplicates.csv"]);
        Assert.Equal(
            ["1 0 true  ", "1 2 false phash 1", "1 4 false phash 2", "2 1 true  ", "2 3 false phash 2"],
            listed.Select(row =>
                $"{row["duplicate_group"]} {Path.GetFileNameWithoutExtension(row["path"])} {row["kept"]} {row["by"]} {row["distance"]}"
            )
        );
        Assert.Equal(folder["images/2.jpg"], ManifestPath.FromTable(listed[1]["path"]!, folder["runs/selected.duplicates.csv"]));
        SelectionRun.Execute(options with { Set = new SetOptions() }, cancel: TestContext.Current.CancellationToken);
        Assert.False(File.Exists(folder["runs/selected.duplicates.csv"]), "the groups of another selection were left");
    }

    [Fact]
    public void A_budget_is_filled_however_many_copies_stand_before_it()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 900; row++)
            pool.Add(0.001 * row, prediction: 0, phash: Hash(1UL << row % 3));
        for (int row = 0; row < 6; row++)
            pool.Add(5 + row, prediction: 0, phash: Hash(0xFFUL << 8 * row + 8));
        for (int row = 0; row < 50; row++)
            pool.Add(7, prediction: 1, phash: Hash(SplitMixed(row)));
        SelectionSummary summary = SelectionRun.Execute(
            pool.Options() with
            {
                Budget = 10,
                Quota = ClassQuota.Equal,
                Set = new SetOptions { NearDuplicates = 2 },
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.Equal(new Dictionary<string, long> { ["class0"] = 5, ["class1"] = 5 }, summary.Classes);
    }

    [Fact]
    public void Dropping_near_duplicates_is_greed_over_the_whole_ranking() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[0, 11], Gen.Int[0, 2])
            .Array[1, 400]
            .Sample(
                rows =>
                {
                    Pool pool = new(folder);
                    ulong[] hashes = [.. rows.Select(row => 0x1FUL << 2 * row.Item2)];
                    foreach ((int entropy, int look, int prediction) in rows)
                        pool.Add(entropy / 10.0, prediction, phash: Hash(0x1FUL << 2 * look));
                    Dictionary<int, int> left = new()
                    {
                        [0] = 3,
                        [1] = 3,
                        [2] = 3,
                    };
                    List<int> expected = [];
                    foreach (int at in Enumerable.Range(0, rows.Length).OrderBy(at => (rows[at].Item1, at)))
                    {
                        if (left[rows[at].Item3] == 0 || expected.Any(kept => BitOperations.PopCount(hashes[kept] ^ hashes[at]) <= 4))
                            continue;
                        left[rows[at].Item3]--;
                        expected.Add(at);
                    }
                    Assert.Equal(
                        expected,
                        Pool.Taken(
                            pool.Options() with
                            {
                                QuotaFile = Counts(),
                                Set = new SetOptions { NearDuplicates = 4 },
                            }
                        )
                    );
                },
                iter: 25,
                threads: 1
            );

    [Fact]
    public void Planted_near_duplicates_are_all_found_and_nothing_else()
    {
        Random random = new(3);
        Pool pool = new(folder);
        List<float[]> vectors = [];
        List<int> planted = [];
        for (int row = 0; row < 300; row++)
        {
            bool copy = row % 4 == 3;
            if (copy)
                planted.Add(row);
            float[] vector = copy
                ? [.. vectors[row - 3].Select(value => value + 0.002f * (float)random.NextDouble())]
                : [.. Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5))];
            vectors.Add(vector);
            pool.Add(row / 100.0, prediction: row % 7);
        }
        SelectOptions options = pool.Options() with
        {
            Fraction = 1,
            Quota = ClassQuota.Equal,
            Set = new SetOptions { NearCosine = 0.99, Embeddings = pool.Embeddings(vectors, "embeddings.parquet") },
        };
        Assert.Equal(Enumerable.Range(0, 300).Except(planted), Pool.Taken(options));
        Assert.Equal(75, Pool.Read(folder["selected.duplicates.csv"]).Count(row => row["by"] == "embedding"));
    }

    [Theory]
    [InlineData(Diversity.KCentre)]
    [InlineData(Diversity.Facility)]
    public void A_spread_keeps_the_quotas_takes_from_the_best_and_reaches_further_than_the_best(Diversity diversity)
    {
        Random random = new(8);
        Pool pool = new(folder);
        List<float[]> vectors = [];
        for (int row = 0; row < 200; row++)
        {
            // The better half of the ranking is all but one picture.
            float[] vector = [.. Enumerable.Range(0, 6).Select(_ => (float)(random.NextDouble() - 0.5) * (row < 60 ? 0.05f : 1))];
            vector[0] += 1;
            vectors.Add(vector);
            pool.Add(row / 100.0, prediction: row % 2);
        }
        SelectOptions best = pool.Options() with
        {
            Budget = 40,
            Quota = ClassQuota.Equal,
            Set = new SetOptions { Embeddings = pool.Embeddings(vectors) },
        };
        SelectOptions spread = best with { Set = best.Set with { Diversity = diversity, Candidates = 2.5 } };
        double narrow = SelectionRun.Execute(best, cancel: TestContext.Current.CancellationToken).MeanDistanceInClass!.Value;
        SelectionSummary summary = SelectionRun.Execute(spread, cancel: TestContext.Current.CancellationToken);
        byte[] once = File.ReadAllBytes(spread.Output);
        Assert.Equal(new Dictionary<string, long> { ["class0"] = 20, ["class1"] = 20 }, summary.Classes);
        Assert.Equal(100, summary.Candidates);
        int[] taken = Pool.Taken(spread);
        Assert.Equal(once, File.ReadAllBytes(spread.Output));
        Assert.All(taken, row => Assert.InRange(row, 0, 99));
        Assert.Equal(taken.Order(), taken);
        Assert.True(summary.MeanDistanceInClass > 2 * narrow, $"{summary.MeanDistanceInClass} against {narrow}");
    }

    [Fact]
    public void The_mean_distances_are_those_of_all_pairs_and_of_the_pairs_of_one_class()
    {
        float[][] vectors =
        [
            [1, 0],
            [0, 2],
            [-3, 0],
            [1, 1],
            [5, 5],
        ];
        Pool pool = new Pool(folder).Add(0.1).Add(0.2).Add(0.3, prediction: 1).Add(0.4, prediction: 1).Add(0.5);
        SelectOptions options = pool.Options() with
        {
            Budget = 4,
            Set = new SetOptions { Embeddings = pool.Embeddings(vectors) },
        };
        SelectionSummary summary = SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        double half = Math.Sqrt(0.5);
        Assert.Equal((1 + 2 + (1 - half) + 1 + (1 - half) + (1 + half)) / 6, summary.MeanDistance!.Value, 6);
        Assert.Equal((1 + (1 + half)) / 2, summary.MeanDistanceInClass!.Value, 6);
    }

    [Fact]
    public void A_mix_of_difficulty_takes_its_shares_from_the_thirds_of_the_candidates()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 100; row++)
            pool.Add(row / 100.0);
        SelectOptions options = pool.Options() with
        {
            Budget = 20,
            Set = new SetOptions { Candidates = 3, Difficulty = new DifficultyMix(0.5, 0.3, 0.2) },
        };
        // Confidence falls with entropy: of the 60 best rows each third is 20 in a row, and of each third the best come first.
        Assert.Equal([.. Enumerable.Range(0, 10), .. Enumerable.Range(20, 6), .. Enumerable.Range(40, 4)], Pool.Taken(options));
        Assert.Equal(["easy", "medium", "hard"], Pool.Read(options.Output).Select(row => row[Columns.Difficulty]).Distinct());
    }

    [Fact]
    public void A_third_that_is_wanted_whole_is_large_enough()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 100; row++)
            pool.Add(row / 100.0);
        Assert.Equal(
            Enumerable.Range(40, 20),
            Pool.Taken(
                pool.Options() with
                {
                    Budget = 20,
                    Set = new SetOptions { Difficulty = new DifficultyMix(0, 0, 1) },
                }
            )
        );
    }

    [Fact]
    public void A_curriculum_goes_from_easy_to_hard_and_keeps_the_ranks()
    {
        // The method ranks by variance; confidence is another order.
        SelectOptions options = new Pool(folder).Add(0.5, variance: 9).Add(0.1, variance: 1).Add(0.9, variance: 5).Options() with
        {
            Method = "variance",
            Budget = 3,
            Set = new SetOptions { Order = RowOrder.Curriculum },
        };
        Assert.Equal([1, 0, 2], Pool.Taken(options));
        Assert.Equal(["3", "1", "2"], Pool.Read(options.Output).Select(row => row["rank"]));
    }

    [Fact]
    public void Weights_by_score_fall_with_the_rank_and_are_the_same_for_ties()
    {
        SelectOptions options = new Pool(folder).Add(0.1).Add(0.2).Add(0.2).Add(0.9).Options() with
        {
            Budget = 4,
            Weight = RowWeight.Score,
        };
        Pool.Taken(options);
        double[] weights = [.. Pool.Read(options.Output).Select(row => Numbers.Parse(row["weight"], row, "weight"))];
        Assert.Equal([1.375, 1, 1, 0.625], weights);
    }

    [Fact]
    public void Embeddings_of_another_table_are_refused()
    {
        Pool pool = new Pool(folder).Add(0.1).Add(0.2);
        SelectOptions options = pool.Options() with
        {
            Budget = 1,
            Set = new SetOptions
            {
                Embeddings = pool.Embeddings([
                    [1, 0],
                ]),
            },
        };
        Assert.Contains(
            "1 embeddings and the scores table 2 rows",
            Assert.Throws<TableException>(() => Pool.Taken(options)).Message,
            StringComparison.Ordinal
        );
        SelectOptions holes = options with
        {
            Set = new SetOptions
            {
                Embeddings = pool.Embeddings([
                    [float.NaN, 0],
                    [1, 0],
                ]),
            },
        };
        Assert.Contains("row 1", Assert.Throws<TableException>(() => Pool.Taken(holes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_a_set_that_make_no_sense_are_refused()
    {
        SelectOptions options = new Pool(folder).Add(0.1).Options() with { Budget = 1 };
        Refused(new SetOptions { NearDuplicates = 9 }, "0 to 8");
        Refused(new SetOptions { NearCosine = 0.9, Embeddings = SetOptions.NoEmbeddings }, "embeddings");
        Refused(new SetOptions { NearCosine = 1.5, Embeddings = "e.npy" }, "(0, 1]");
        Refused(new SetOptions { Diversity = Diversity.KCentre, Embeddings = SetOptions.NoEmbeddings }, "embeddings");
        Refused(new SetOptions { Candidates = 0.5 }, "1 or more");
        Refused(new SetOptions { Difficulty = new DifficultyMix(0, 0, 0) }, "not all 0");
        Assert.Contains(
            "threshold",
            Assert
                .Throws<SelectionException>(
                    (
                        options with
                        {
                            Budget = null,
                            Threshold = 0,
                            Set = new SetOptions { Difficulty = new DifficultyMix(1, 1, 1) },
                        }
                    ).Validate
                )
                .Message,
            StringComparison.Ordinal
        );

        foreach (SetOptions blind in (SetOptions[])[new() { NearCosine = 0.9 }, new() { Diversity = Diversity.KCentre }])
            Assert.Contains(
                "embeddings: no embeddings were written with the table",
                Assert.Throws<SelectionException>(() => Pool.Taken(options with { Set = blind })).Message,
                StringComparison.Ordinal
            );

        File.WriteAllText(folder["bare.csv"], "path,entropy\na.jpg,0.1\n");
        SelectOptions bare = options with { Scores = folder["bare.csv"] };
        Assert.Contains(
            "no column 'phash'",
            Assert.Throws<TableException>(() => Pool.Taken(bare with { Set = new SetOptions { NearDuplicates = 4 } })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no column 'confidence'",
            Assert.Throws<TableException>(() => Pool.Taken(bare with { Set = new SetOptions { Order = RowOrder.Curriculum } })).Message,
            StringComparison.Ordinal
        );

        void Refused(SetOptions set, string why) =>
            Assert.Contains(
                why,
                Assert.Throws<SelectionException>((options with { Set = set }).Validate).Message,
                StringComparison.Ordinal
            );
    }

    private string Counts()
    {
        File.WriteAllText(folder["counts.csv"], "class,count\n*,3\n");
        return folder["counts.csv"];
    }

    private static string Hash(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);

    private static ulong SplitMixed(int seed) => SplitMix64.Hash((ulong)seed);
}
