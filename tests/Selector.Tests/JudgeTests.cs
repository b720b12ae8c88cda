// Selections are what an independent query finds, on tables with ties, copies, failed rows and empty scores.

using CsCheck;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class JudgeTests : IDisposable
{
    // Few values, so that ties are many; few contents, so that copies are.
    private static readonly Gen<(int Entropy, int Content, int Prediction, int Kind)[]> Pools = Gen.Select(
        Gen.Int[0, 40],
        Gen.Int[0, 900],
        Gen.Int[0, 4],
        Gen.Int[0, 19]
    ).Array[200, 1500];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("scores.csv")]
    [InlineData("scores.parquet")]
    public void The_best_rows_whatever_their_class(string name) =>
        Pools.Sample(
            pool =>
            {
                SelectOptions options = Table(pool).Options(name) with { Budget = 60 };
                Assert.Equal(
                    Judge.Rows(
                        options.Scores,
                        """
                        , best AS (SELECT * FROM usable QUALIFY sha256 IS NULL OR row_number() OVER (PARTITION BY sha256 ORDER BY score DESC, nr) = 1)
                        SELECT nr FROM best ORDER BY score DESC, nr LIMIT 60
                        """
                    ),
                    Pool.Taken(options)
                );
            },
            iter: 8,
            threads: 1
        );

    [Theory]
    [InlineData("scores.csv")]
    [InlineData("scores.parquet")]
    public void Rows_per_class(string name) =>
        Pools.Sample(
            pool =>
            {
                SelectOptions options = Table(pool).Options(name) with
                {
                    PerClass = new Dictionary<string, long> { ["class1"] = 3, ["*"] = 12 },
                };
                // Down the whole ranking: a content counts once, in the class of its best copy that still has room.
                Dictionary<double, int> left = Enumerable
                    .Range(0, 5)
                    .ToDictionary(prediction => (double)prediction, prediction => prediction == 1 ? 3 : 12);
                HashSet<double> seen = [];
                List<long> taken = [];
                foreach (
                    double[] row in Judge.Read(
                        options.Scores,
                        "",
                        "SELECT nr, prediction, CASE WHEN sha256 IS NULL THEN -1 - nr ELSE dense_rank() OVER (ORDER BY sha256) END FROM usable ORDER BY score DESC, nr"
                    )
                )
                {
                    if (left[row[1]] == 0 || !seen.Add(row[2]))
                        continue;
                    left[row[1]]--;
                    taken.Add((long)row[0]);
                }
                Assert.Equal(taken, Pool.Taken(options).Select(nr => (long)nr));
            },
            iter: 8,
            threads: 1
        );

    [Fact]
    public void A_budget_shared_equally() =>
        Pools.Sample(
            pool =>
            {
                // Class 4 is small, so that it hands on what it lacks.
                SelectOptions options = Table([.. pool.Where((row, at) => row.Prediction != 4 || at % 16 == 0)]).Options() with
                {
                    Budget = 97,
                    Quota = ClassQuota.Equal,
                    DropDuplicates = false,
                };
                Assert.Equal(
                    Judge.Rows(
                        options.Scores,
                        """
                        , sizes AS (SELECT prediction, count(*) AS n, row_number() OVER (ORDER BY count(*), prediction DESC) AS turn, count(*) OVER () AS classes FROM usable GROUP BY prediction)
                        , shares AS (
                            SELECT prediction, turn, classes, least(n, 97 // classes) AS share, 97 - least(n, 97 // classes) AS rest FROM sizes WHERE turn = 1
                            UNION ALL
                            SELECT s.prediction, s.turn, s.classes, least(s.n, shares.rest // (s.classes - shares.turn)), shares.rest - least(s.n, shares.rest // (s.classes - shares.turn)) FROM shares JOIN sizes s ON s.turn = shares.turn + 1)
                        , ranked AS (SELECT *, row_number() OVER (PARTITION BY prediction ORDER BY score DESC, nr) AS place FROM usable)
                        SELECT ranked.nr FROM ranked JOIN shares USING (prediction) WHERE place <= share ORDER BY ranked.score DESC, ranked.nr
                        """
                    ),
                    Pool.Taken(options)
                );
            },
            iter: 8,
            threads: 1
        );

    [Fact]
    public void A_threshold() =>
        Pools.Sample(
            pool =>
            {
                SelectOptions options = Table(pool).Options() with { Threshold = -1.5, DropDuplicates = false };
                if (!pool.Any(row => row.Kind > 2 && row.Entropy <= 15))
                    return;
                Assert.Equal(
                    Judge.Rows(options.Scores, " SELECT nr FROM usable WHERE score >= -1.5 ORDER BY score DESC, nr"),
                    Pool.Taken(options)
                );
            },
            iter: 8,
            threads: 1
        );

    [Fact]
    public void The_default_methods_scores_by_medians_deviations_and_correlation() =>
        Pools.Sample(
            pool =>
            {
                SelectOptions options = Table(pool, spread: true).Options() with
                {
                    Method = "attention-probe",
                    Fraction = 1,
                    DropDuplicates = false,
                };
                // One block's columns are the other's in this table, so that the correlation is 1 and the probe's weight is at its most, 4.
                IReadOnlyList<double[]> judged = Judge.Read(
                    options.Scores,
                    ", CAST(entropy AS DOUBLE) AS e, CAST(energy AS DOUBLE) AS g, ln(CAST(probe_variance_3 AS DOUBLE)) AS v",
                    """
                    , scales AS (SELECT median(-e) AS me, mad(-e) AS de, median(-g) AS mg, mad(-g) AS dg, median(v) AS mv, mad(v) AS dv FROM usable)
                    , z AS (SELECT nr, greatest(-4, least(4, (-e - me) / (1.4826 * de))) AS ze, greatest(-4, least(4, (-g - mg) / (1.4826 * dg))) AS zg, greatest(-4, least(4, (v - mv) / (1.4826 * dv))) AS zv FROM usable, scales)
                    SELECT nr, 2.0 / 5 * ((ze + zg) / 2 + 4 * zv) FROM z ORDER BY nr
                    """
                );
                Dictionary<int, double> scores = [];
                SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
                foreach (TableRow row in Pool.Read(options.Output))
                    scores[int.Parse(row["note"]!["note ".Length..], System.Globalization.CultureInfo.InvariantCulture)] = Numbers.Parse(
                        row["selection_score"],
                        row,
                        "selection_score"
                    );
                Assert.Equal(judged.Count, scores.Count);
                Assert.All(judged, row => Assert.Equal(row[1], scores[(int)row[0]], 1e-9));
            },
            iter: 8,
            threads: 1
        );

    private Pool Table((int Entropy, int Content, int Prediction, int Kind)[] rows, bool spread = false)
    {
        Pool pool = new(folder);
        foreach ((int entropy, int content, int prediction, int kind) in rows)
        {
            // In twenty: one failed, one without a score, one without a hash.
            pool.Add(
                kind == 1 ? double.NaN : entropy / 10.0,
                prediction,
                kind == 2 ? "" : $"{content}",
                spread ? Math.Exp(content / 300.0 - 1) : 1,
                kind == 0 ? Status.Failed : Status.Ok,
                kind == 0 ? "decode_error" : ""
            );
        }
        return pool;
    }
}
