// Single files get the figures that the table has.

using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Probe.Tests;

public sealed class TeacherTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void Files_get_the_figures_of_the_scores_table(int classes)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 11, brokenEvery: 4);
        ScoreOptions options = ScoreRunTests.Options(world, images) with { Teacher = world.Teacher(classes) };
        ScoringWorld.Score(options);
        List<TableRow> rows = ScoringWorld.Rows(options.Output);

        using Teacher probe = new(options);
        IReadOnlyList<double[]?> figures = probe.ScoreFiles(
            [.. rows.Select(row => world[row["path"]!])],
            TestContext.Current.CancellationToken
        );

        Assert.Equal(rows.Select(row => row["status"] == Status.Ok), figures.Select(of => of is not null));
        foreach ((TableRow row, double[]? of) in rows.Zip(figures).Where(pair => pair.Second is not null))
        {
            Assert.Equal(probe.Columns.Select(column => row[column]), of!.Select(figure => Numbers.Format((float)figure)));
        }
        Assert.Equal(classes > 0, probe.Columns.Contains("entropy"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void A_look_has_the_rows_and_the_probabilities_that_the_figures_come_from(int classes)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 7, brokenEvery: 3);
        using Teacher probe = new(ScoreRunTests.Options(world, images) with { Teacher = world.Teacher(classes), BatchSize = 2 });
        string[] files = [.. Directory.EnumerateFiles(images).Order(StringComparer.Ordinal)];

        IReadOnlyList<TeacherView?> looks = probe.Look(files, TestContext.Current.CancellationToken);
        IReadOnlyList<double[]?> figures = probe.ScoreFiles(files, TestContext.Current.CancellationToken);

        Assert.Equal(figures.Select(of => of is null), looks.Select(look => look is null));
        foreach ((TeacherView? look, double[]? of) in looks.Zip(figures).Where(pair => pair.First is not null))
        {
            Assert.Equal((8, 8, 2), (look!.Seen.Width, look.Seen.Height, look.GridWidth));
            foreach (int block in probe.Blocks)
            {
                float[] row = look.Probes[block];
                Assert.Equal(1, row.Sum(), 1e-5);
                double variance = row.Average(value => Math.Pow((value * row.Length) - 1, 2));
                Assert.Equal(of![probe.Columns.ToList().IndexOf(Columns.ProbeVariance(block))], variance, 1e-4);
            }
            if (classes == 0)
                Assert.Null(look.Probabilities);
            else
                Assert.Equal(of![probe.Columns.ToList().IndexOf("confidence")], look.Probabilities!.Max(), 1e-5);
        }
    }

    [Fact]
    public void A_fit_to_a_pool_in_memory_gives_the_figures_of_its_table_and_is_read_again()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 40, brokenEvery: 9);
        ScoreOptions options = ScoreRunTests.Options(world, images) with { ExtraScores = ["react_energy", "intact"], BatchSize = 4 };
        ScoringWorld.Score(options);
        MemoryImage[] held = Held(images);
        TeacherOptions asked = new()
        {
            Teacher = options.Teacher,
            ExtraScores = options.ExtraScores,
            BatchSize = 4,
        };

        using Teacher teacher = new(asked);
        Assert.Throws<InvalidOperationException>(() => teacher.SaveIntactModel(world["pool.intact.zip"]));
        teacher.Fit(held, TestContext.Current.CancellationToken);
        teacher.SaveIntactModel(world["pool.intact.zip"]);
        using Teacher again = new(asked with { ReactClip = teacher.ReactClip, CopyModelPath = world["pool.intact.zip"] });

        foreach ((Teacher fitted, string table) in new[] { (teacher, "fitted.csv"), (again, "again.csv") })
        {
            IReadOnlyList<ScoredImage> scored = fitted.Score(held, TestContext.Current.CancellationToken);
            ScoresTable.Write(world[table], scored, place => Path.GetRelativePath(world["."], held[place].Name));
            Assert.Equal(File.ReadAllText(options.Output), File.ReadAllText(world[table]));
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public async Task Images_in_memory_get_the_rows_that_their_files_get(int classes)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 11, brokenEvery: 4);
        ScoreOptions options = ScoreRunTests.Options(world, images) with
        {
            Teacher = world.Teacher(classes),
            ExtraScores = ["feature_norm"],
            EmbeddingsPath = world["embeddings.npy"],
            BatchSize = 2,
        };
        ScoringWorld.Score(options);
        MemoryImage[] held = Held(images);

        using Teacher teacher = new(
            new TeacherOptions
            {
                Teacher = options.Teacher,
                ExtraScores = options.ExtraScores,
                BatchSize = 2,
            }
        );
        IReadOnlyList<ScoredImage> scored = teacher.Score(held, TestContext.Current.CancellationToken);
        List<ScoredImage> streamed = [];
        await foreach (ScoredImage image in teacher.ScoreAsync(Slowly(held), TestContext.Current.CancellationToken))
            streamed.Add(image);

        string? embeddings = ScoresTable.Write(world["memory.csv"], scored, place => Path.GetRelativePath(world["."], held[place].Name));
        Assert.Equal(File.ReadAllText(options.Output), File.ReadAllText(world["memory.csv"]));
        Assert.Equal(File.ReadAllBytes(options.EmbeddingsPath), File.ReadAllBytes(embeddings!));
        ScoresTable.Write(world["stream.csv"], streamed, place => Path.GetRelativePath(world["."], held[place].Name));
        Assert.Equal(File.ReadAllText(options.Output), File.ReadAllText(world["stream.csv"]));
        Assert.Same(held[3], scored[3].Image);
        Assert.Equal((false, 0, 0), (scored[3].Ok, scored[3].Width, scored[3].Probes.Count));
    }

    [Fact]
    public void Pixels_are_scored_as_the_file_that_holds_them()
    {
        using ScoringWorld world = new();
        byte[] file = NoiseBitmap.Of(12, 9, 1);
        RgbImage pixels = ImageDecoder.Decode(file, DecodeLimits.Local).Image!;
        using Teacher teacher = Teacher.Load(world.Teacher());

        ScoredImage fromFile = teacher.Score(new MemoryImage("file", file)),
            fromPixels = teacher.Score(new MemoryImage("pixels", pixels));

        Assert.Equal(fromFile.Entropy, fromPixels.Entropy);
        Assert.Equal(fromFile.Probes, fromPixels.Probes);
        Assert.Equal(fromFile.Embedding.ToArray(), fromPixels.Embedding.ToArray());
        Assert.Equal((12, 9, $"class {fromPixels.Prediction}"), (fromPixels.Width, fromPixels.Height, fromPixels.ClassName));
    }

    [Fact]
    public async Task A_stream_can_be_left_early_and_its_errors_come_through()
    {
        using ScoringWorld world = new();
        MemoryImage[] held = [.. Enumerable.Range(0, 40).Select(seed => new MemoryImage($"{seed}", NoiseBitmap.Of(8, 8, seed)))];
        using Teacher teacher = new(new TeacherOptions { Teacher = world.Teacher(), BatchSize = 2 });

        await foreach (ScoredImage image in teacher.ScoreAsync(Slowly(held), TestContext.Current.CancellationToken))
        {
            if (image.Image.Name == "5")
                break;
        }
        IOException told = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (ScoredImage _ in teacher.ScoreAsync(Slowly(held, failsAt: 7), TestContext.Current.CancellationToken)) { }
        });
        Assert.Equal("the source broke", told.Message);
        Assert.True(teacher.Score(held[0]).Ok);
    }

    [Fact]
    public void Images_of_two_teachers_make_no_table()
    {
        using ScoringWorld world = new();
        MemoryImage image = new("one", NoiseBitmap.Of(8, 8, 1));
        using Teacher first = Teacher.Load(world.Teacher()),
            second = new(new TeacherOptions { Teacher = world.Teacher(), Blocks = [0] });
        Assert.Contains(
            "score all images by one teacher",
            Assert.Throws<ScoreException>(() => ScoresTable.Write(world["t.csv"], [first.Score(image), second.Score(image)])).Message,
            StringComparison.Ordinal
        );
    }

    private static async IAsyncEnumerable<MemoryImage> Slowly(IEnumerable<MemoryImage> images, int failsAt = -1)
    {
        int at = 0;
        foreach (MemoryImage image in images)
        {
            await Task.Yield();
            if (at++ == failsAt)
                throw new IOException("the source broke");
            yield return image;
        }
    }

    private static MemoryImage[] Held(string folder) =>
        [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(file => new MemoryImage(file, File.ReadAllBytes(file)))];
}
