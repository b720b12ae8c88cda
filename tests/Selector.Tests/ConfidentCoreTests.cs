// The pool's confident core: the figures of NumPy, the embeddings that belong to a table, and what is said where there are none.

using System.Globalization;
using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Advice;
using DataFreeKD.Selector.Measures;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class ConfidentCoreTests : IDisposable
{
    private static readonly JsonElement References = JsonDocument
        .Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "References", "confident_core.json")))
        .RootElement;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("plain", "combined", "score", 1, "e.npy")]
    [InlineData("intact", "combined", "score", 1, "e.npy")]
    [InlineData("plain", "confident-core", "distance", -1, "e.npy")]
    [InlineData("intact", "confident-core", "distance", -1, "e.parquet")]
    public void Distance_and_score_are_those_of_numpy(string table, string method, string figure, int sign, string embeddings)
    {
        double[] expected =
        [
            .. References
                .GetProperty("expected")
                .GetProperty(table)
                .GetProperty(figure)
                .EnumerateArray()
                .Select(value => sign * value.GetDouble()),
        ];
        double[] found = Scores(World(table == "intact", embeddings) with { Method = method });
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * Math.Max(1, Math.Abs(pair.First))));
    }

    [Fact]
    public void A_pool_forty_times_over_has_the_same_distances()
    {
        double[] once = Scores(World(false, "once.npy") with { Method = "confident-core" }),
            often = Scores(World(false, "often.npy", times: 40) with { Method = "confident-core" });
        Assert.Equal(40 * once.Length, often.Length);
        for (int at = 0; at < often.Length; at++)
            Assert.Equal(once[at % once.Length], often[at], 1e-6 * Math.Max(1, Math.Abs(often[at])));
    }

    [Fact]
    public void Statistics_of_a_sample_are_near_those_of_the_pool_and_the_same_each_time()
    {
        SelectOptions options = World(false, "e.npy", times: 10) with { Method = "combined" },
            sampled = options with { SampleRows = 1200 };
        double[] whole = Scores(options),
            part = Scores(sampled);
        Assert.Equal(part, Scores(sampled));
        Assert.NotEqual(whole, part);
        Assert.InRange(whole.Zip(part, (one, other) => Math.Abs(one - other)).Average(), 0, 0.75);
    }

    [Fact]
    public void Rows_that_were_not_scored_have_no_say()
    {
        double[] expected = Scores(World(false, "e.npy") with { Method = "combined" }),
            found = Scores(World(false, "broken.npy", broken: true) with { Method = "combined" });
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 9));
    }

    [Theory]
    [InlineData("combined")]
    [InlineData("confident-core")]
    public void A_ranking_scores_rows_as_the_selection_does_in_any_order(string method)
    {
        SelectOptions options = World(true, "e.npy", times: 20) with { Method = method };
        double[] selected = Scores(options);
        using PoolRanking ranking = PoolRanking.Of(options, cancel: TestContext.Current.CancellationToken);
        for (int pass = 0; pass < 2; pass++)
        {
            using TableReader table = Table.Open(options.Scores);
            for (int at = 0; table.Read(); at++)
            {
                if (at % 3 == pass)
                    Assert.Equal(selected[at], ranking.Score(table), 12);
            }
        }
    }

    [Fact]
    public void What_scoring_left_beside_a_table_is_used_as_long_as_the_table_is_as_it_was()
    {
        SelectOptions options = World(false, "scores.embeddings.npy") with { Method = "combined", Set = new SetOptions() };
        double[] first = Scores(options);
        Assert.Contains("no embeddings were written with the table", Core(options), StringComparison.Ordinal);

        Beside("scores.embeddings.npy");
        double[] found = Scores(options);
        Assert.NotEqual(first, found);
        Assert.Equal("36 rows of 3 classes, scores.embeddings.npy", Core(options));
        Assert.Equal(found, Scores(options with { Set = new SetOptions { Embeddings = folder["scores.embeddings.npy"] } }));
        Assert.Contains("scores.embeddings.npy", File.ReadAllText(folder["selected.json"]), StringComparison.Ordinal);
        Assert.Equal(first, Scores(options with { Set = new SetOptions { Embeddings = SetOptions.NoEmbeddings } }));

        File.AppendAllText(options.Scores, "");
        Assert.Equal(found, Scores(options));
        string[] lines = File.ReadAllLines(options.Scores);
        File.WriteAllLines(options.Scores, [lines[0], .. lines.Skip(1).Reverse()]);
        Assert.Contains("the table has changed since", Core(options), StringComparison.Ordinal);
        File.WriteAllText(options.Scores, string.Join('\n', lines) + "\n");
        File.Delete(folder["scores.embeddings.npy"]);
        Assert.Contains("is not there any more", Core(options), StringComparison.Ordinal);
    }

    [Fact]
    public void A_core_too_small_for_its_embeddings_is_not_used_and_the_method_of_the_core_alone_refuses()
    {
        Pool pool = new(folder);
        for (int at = 0; at < 20; at++)
            pool.Add(0.1 + (at * 0.07), at % 2, variance: 1 + (at % 5));
        SelectOptions options = pool.Options() with
        {
            Fraction = 1,
            Method = "combined",
            Set = new SetOptions
            {
                Embeddings = pool.Embeddings([
                    .. Enumerable.Range(0, 20).Select(at => Enumerable.Range(0, 8).Select(i => (float)((at * 31 + i * 17) % 13)).ToArray()),
                ]),
            },
        };
        Assert.Equal("not used: a core of 10 rows is too small for embeddings of 8 numbers, 16 are needed", Core(options));
        Assert.Equal(Scores(options with { Set = new SetOptions() }), Scores(options));
        Assert.Contains(
            "too small",
            Assert.Throws<SelectionException>(() => Core(options with { Method = "confident-core" })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Embeddings_that_do_not_differ_a_cascade_and_a_teacher_without_classes_leave_the_core_out()
    {
        Pool pool = new(folder),
            cascaded = new(folder),
            headless = new(folder);
        for (int at = 0; at < 20; at++)
        {
            pool.Add(0.1 + (at * 0.07), at % 2, variance: 1 + (at % 5));
            cascaded.Add(
                0.1 + (at * 0.07),
                at % 2,
                variance: 1 + (at % 5),
                status: at % 4 == 0 ? Status.Skipped : Status.Ok,
                reason: at % 4 == 0 ? "cascade" : ""
            );
            headless.Add(0.1 + (at * 0.07), variance: 1 + (at % 5));
        }
        SetOptions set = new() { Embeddings = pool.Embeddings([.. Enumerable.Range(0, 20).Select(_ => new[] { 1f, 2f })]) };
        Assert.Contains(
            "do not differ",
            Core(pool.Options() with { Fraction = 1, Method = "combined", Set = set }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "cascade",
            Core(cascaded.Options("cascaded.csv") with { Fraction = 1, Method = "combined", Set = set }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no classes",
            Core(headless.Empty("prediction", "class_name").Options("headless.csv") with { Fraction = 1, Method = "combined", Set = set }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_scored_row_without_embedding_and_embeddings_of_another_table_are_refused_by_name()
    {
        SelectOptions options = World(false, "e.npy") with { Method = "combined" };
        float[][] vectors = [.. Vectors(1)];
        vectors[7] = [.. vectors[7].Select(_ => float.NaN)];
        string message = Refusal(Written("holes.npy", vectors));
        Assert.Contains("holes.npy: row 8", message, StringComparison.Ordinal);
        Assert.Contains(
            "239 embeddings and the scores table 240 rows",
            Refusal(Written("short.npy", vectors[..^1])),
            StringComparison.Ordinal
        );

        string Refusal(string file) =>
            Assert.Throws<TableException>(() => Core(options with { Set = new SetOptions { Embeddings = file } })).Message;
    }

    [Fact]
    public void An_audit_drawn_with_the_core_is_not_read_without_it()
    {
        AdviceOptions options = new()
        {
            Ranking = World(false, "e.npy") with { Method = "combined", Fraction = null },
            Audit = folder["audit.csv"],
            Size = 40,
        };
        Assert.True(AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken).Drawn);
        Assert.False(AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken).Drawn);
        AdviceOptions blind = options with
        {
            Ranking = options.Ranking with { Set = new SetOptions { Embeddings = SetOptions.NoEmbeddings } },
        };
        Assert.Contains(
            "drawn with embeddings 'e.npy'",
            Assert.Throws<SelectionException>(() => AdviceRun.Execute(blind, cancel: TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Measuring_tells_the_default_with_the_core_and_without()
    {
        SelectOptions options = World(false, "e.npy");
        File.WriteAllLines(
            folder["truth.csv"],
            [
                "key,source,in_distribution",
                .. Enumerable.Range(0, 240).Select(at => $"{at}.jpg,{(at % 3 == 0 ? "kin" : "wild")},{(at % 3 == 0 ? 1 : 0)}"),
            ]
        );
        TruthReport with = TruthReport.Measure(options.Scores, folder["truth.csv"], embeddings: options.Set.Embeddings),
            without = TruthReport.Measure(options.Scores, folder["truth.csv"]);
        Assert.Contains(with.Lines, line => line.Name == "confident-core");
        Assert.DoesNotContain(without.Lines, line => line.Name == "confident-core");
        double[] scores = Scores(options with { Method = "combined" });
        Assert.Equal(
            RankingMeasures.Auroc(scores, [.. scores.Select((_, at) => at % 3 == 0)]),
            with.Lines.Single(line => line.Name == "combined").All,
            12
        );
        string holes = Written(
            "holes.npy",
            [
                .. Vectors(1)
                    .Select(vector =>
                        new float[vector.Length]
                            .Select(_ => float.NaN)
                            .ToArray()
                    ),
            ]
        );
        Assert.Contains(
            "has no embedding",
            Assert.Throws<TableException>(() => TruthReport.Measure(options.Scores, folder["truth.csv"], embeddings: holes)).Message,
            StringComparison.Ordinal
        );
        Assert.NotEqual(with.Lines.Single(line => line.Name == "combined").All, without.Lines.Single(line => line.Name == "combined").All);
    }

    private static double[] Inputs(string name) =>
        [.. References.GetProperty("inputs").GetProperty(name).EnumerateArray().Select(value => value.GetInt32() / 100.0)];

    private static IEnumerable<float[]> Vectors(int times) =>
        Enumerable
            .Repeat(0, times)
            .SelectMany(_ =>
                References
                    .GetProperty("inputs")
                    .GetProperty("embedding")
                    .EnumerateArray()
                    .Select(row => row.EnumerateArray().Select(value => value.GetInt32() / 100f).ToArray())
            );

    // The pool of the reference; with broken rows between, which have no figures and no embedding.
    private SelectOptions World(bool intact, string embeddings, int times = 1, bool broken = false)
    {
        string scores = folder["scores.csv"];
        string[] columns =
        [
            "path",
            "status",
            "reason",
            "prediction",
            "class_name",
            "entropy",
            "energy",
            "probe_variance_3",
            "probe_variance_7",
            .. intact ? ["intact"] : Array.Empty<string>(),
        ];
        double[][] figures = [.. columns.Skip(5).Select(name => Inputs(name.Replace("probe_", "", StringComparison.Ordinal)))];
        int[] predictions =
        [
            .. References.GetProperty("inputs").GetProperty("prediction").EnumerateArray().Select(value => value.GetInt32()),
        ];
        List<float[]> vectors = [];
        using TableWriter writer = Table.Create(scores, columns);
        int row = 0;
        foreach (float[] vector in Vectors(times))
        {
            if (broken && row % 5 == 0)
            {
                writer.Write([$"broken{row}.jpg", Status.Failed, "not-an-image", .. Enumerable.Repeat("", columns.Length - 3)]);
                vectors.Add([.. vector.Select(_ => float.NaN)]);
            }
            int at = row % predictions.Length;
            writer.Write([
                $"{row}.jpg",
                Status.Ok,
                "",
                $"{predictions[at]}",
                $"class{predictions[at]}",
                .. figures.Select(column => Numbers.Format(column[at])),
            ]);
            vectors.Add(vector);
            row++;
        }
        writer.Commit();
        return new SelectOptions
        {
            Scores = scores,
            Output = folder["selected.csv"],
            Fraction = 1,
            Quota = ClassQuota.None,
            Overwrite = true,
            Set = new SetOptions { Embeddings = Written(embeddings, vectors) },
        };
    }

    private string Written(string name, IReadOnlyList<float[]> vectors)
    {
        File.WriteAllBytes(folder["part.f32"], [.. vectors.SelectMany(vector => vector.SelectMany(BitConverter.GetBytes))]);
        EmbeddingFile.Write(folder[name], vectors.Count, vectors[0].Length, [folder["part.f32"]], vectors.Select((_, at) => $"{at}.jpg"));
        return folder[name];
    }

    // What scoring writes beside a table with embeddings.
    private void Beside(string embeddings) =>
        new Provenance
        {
            Version = "1",
            Command = "score",
            Options = new Dictionary<string, string>
            {
                ["embeddings"] = embeddings,
                ["table-sha256"] = Provenance.HashFile(folder["scores.csv"]),
            },
        }.WriteBeside(folder["scores.csv"]);

    // By the rows' order in the table.
    private static double[] Scores(SelectOptions options)
    {
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        return
        [
            .. Pool.Read(options.Output)
                .OrderBy(row => int.Parse(string.Concat(row["path"]!.Where(char.IsAsciiDigit)), CultureInfo.InvariantCulture))
                .Select(row => Numbers.Parse(row["selection_score"], row, "selection_score")),
        ];
    }

    private static string Core(SelectOptions options) => SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken).Core!;
}
