// Exact copies are scored once, and an enlarged pool only where it is new.

using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Tests;

public sealed class SeenImageTests
{
    [Fact]
    public void Copies_have_the_figures_and_the_embedding_of_the_first_and_are_counted()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 20, brokenEvery: 7);
        ScoringWorld.Score(Options(world, images, "alone.csv"));
        // Before, between and behind their originals; 006 and 013 are no images, and of the same bytes.
        foreach ((int of, string name) in ((int, string)[])[(4, "000a"), (6, "018a"), (13, "013a"), (19, "999")])
            File.Copy(Path.Combine(images, $"{of:D3}.bmp"), Path.Combine(images, name + ".bmp"));
        ScoreSummary summary = ScoringWorld.Score(Options(world, images, "scores.csv"));

        Assert.Equal(5, summary.Copied);
        Dictionary<string, string> alone = ByName(world["alone.csv"]),
            rows = ByName(world["scores.csv"]);
        Assert.Equal(24, rows.Count);
        Assert.All(alone, row => Assert.Equal(row.Value, rows[row.Key]));
        Assert.Equal((alone["004"], alone["006"], alone["019"]), (rows["000a"], rows["018a"], rows["999"]));
        Assert.Equal(
            ["006", "013", "013a", "018a"],
            ScoringWorld
                .Rows(world["scores.csv"])
                .Where(row => row["status"] == Status.Failed)
                .Select(row => Path.GetFileNameWithoutExtension(row["path"]!))
        );
        Assert.Equal(Embeddings(world, "alone.csv", "004"), Embeddings(world, "scores.csv", "000a"));
        Assert.Equal(Embeddings(world, "alone.csv", "019"), Embeddings(world, "scores.csv", "999"));
    }

    [Fact]
    public void An_interruption_between_original_and_copy_changes_no_byte()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 40);
        for (int i = 0; i < 10; i++)
            File.Copy(Path.Combine(images, $"{i:D3}.bmp"), Path.Combine(images, $"9{i:D2}.bmp"));
        ScoringWorld.Score(Options(world, images, "whole.csv"));
        ScoreOptions options = Options(world, images, "scores.csv");
        using (CancellationTokenSource stop = new())
        {
            Assert.ThrowsAny<OperationCanceledException>(() =>
                ScoringWorld.Score(
                    options,
                    now =>
                    {
                        if (now.Done >= 24)
                            stop.Cancel();
                    },
                    stop
                )
            );
        }
        Assert.Equal(10, ScoringWorld.Score(options with { Resume = true }).Copied);
        Assert.Equal(File.ReadAllBytes(world["whole.csv"]), File.ReadAllBytes(options.Output));
        Assert.Equal(File.ReadAllBytes(world["whole.embeddings.npy"]), File.ReadAllBytes(world["scores.embeddings.npy"]));
    }

    [Fact]
    public void A_finished_run_that_is_resumed_with_more_images_scores_only_those()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 12),
            more = world.Images("more", 18);
        ScoreOptions options = Options(world, images, "scores.csv");
        ScoringWorld.Score(options);
        // The same content elsewhere, in another order, and six images more.
        ScoreSummary enlarged = ScoringWorld.Score(options with { Sources = [more], Resume = true });
        Assert.Equal(12, enlarged.Copied);
        ScoringWorld.Score(Options(world, more, "fresh.csv"));
        Assert.Equal(File.ReadAllBytes(world["fresh.csv"]), File.ReadAllBytes(options.Output));
        Assert.Equal(File.ReadAllBytes(world["fresh.embeddings.npy"]), File.ReadAllBytes(world["scores.embeddings.npy"]));
    }

    [Fact]
    public void Figures_of_another_teacher_of_other_options_or_of_a_changed_table_are_not_taken_over()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 8);
        ScoreOptions options = Options(world, images, "scores.csv");
        ScoringWorld.Score(options);
        List<string> notes = [];
        void Hear(string note) => notes.Add(note);

        TableNotes.Noted += Hear;
        Assert.Equal(0, ScoringWorld.Score(options with { Teacher = world.Teacher(seed: 5), Resume = true }).Copied);
        TableNotes.Noted -= Hear;
        string said = Assert.Single(notes, note => note.StartsWith(options.Output, StringComparison.Ordinal));
        Assert.Contains("another version, teacher", said, StringComparison.Ordinal);
        Assert.Equal(0, ScoringWorld.Score(options with { Resume = true }).Copied);
        Assert.Equal(8, ScoringWorld.Score(options with { Resume = true }).Copied);
        Assert.Equal(0, ScoringWorld.Score(options with { Resume = true, Blocks = [0] }).Copied);
        ScoringWorld.Score(options with { Overwrite = true });
        string[] lines = File.ReadAllLines(options.Output);
        File.WriteAllLines(options.Output, [lines[0], .. lines.Skip(1).Reverse()]);
        Assert.Equal(0, ScoringWorld.Score(options with { Resume = true }).Copied);
    }

    [Theory]
    [InlineData("away", false)]
    [InlineData("away", true)]
    [InlineData("duplicate", false)]
    [InlineData("duplicate", true)]
    [InlineData("n/a", false)]
    [InlineData("no hash, but longer than thirty-two characters", true)]
    public void A_hash_that_a_table_gave_says_nothing_of_an_image_that_was_not_read(string kind, bool interrupted)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 16);
        string[] files = [.. Directory.EnumerateFiles(images).Order(StringComparer.Ordinal)];
        bool refused = kind == "duplicate",
            given = refused || kind == "away";
        string[] hashes = [.. files.Select(file => Provenance.HashFile(file, TestContext.Current.CancellationToken))];
        List<string> lines =
        [
            "path,sha256,status,reason",
            .. files.Select(
                (file, at) =>
                    $"images/{Path.GetFileName(file)},\"{(given ? hashes[at] : kind)}\",{(refused && at == 2 ? "duplicate,same_content" : "ok,")}"
            ),
            // The same content, last.
            $"images/copy.bmp,{hashes[2]},ok,",
        ];
        File.Copy(files[2], Path.Combine(images, "copy.bmp"));
        File.WriteAllLines(world["list.csv"], lines);
        ScoreOptions options = Options(world, world["list.csv"], "scores.csv");
        if (!refused)
            File.Move(files[2], files[2] + ".away");
        if (!interrupted)
            File.Move(Path.Combine(images, "copy.bmp"), Path.Combine(images, "copy.away"));
        using (CancellationTokenSource stop = new())
        {
            void Run() =>
                ScoringWorld.Score(
                    options,
                    now =>
                    {
                        if (interrupted && now.Done >= 12)
                            stop.Cancel();
                    },
                    stop
                );
            if (interrupted)
                Assert.ThrowsAny<OperationCanceledException>(Run);
            else
                Run();
        }
        if (!refused)
            File.Move(files[2] + ".away", files[2]);
        if (!interrupted)
            File.Move(Path.Combine(images, "copy.away"), Path.Combine(images, "copy.bmp"));

        ScoringWorld.Score(options with { Resume = true });

        List<TableRow> rows = ScoringWorld.Rows(options.Output);
        string before =
            refused ? "duplicate"
            : interrupted ? "failed"
            : "ok";
        Assert.Equal((before, "ok"), (rows[2]["status"], rows[^1]["status"]));
        Assert.NotEqual("", rows[^1]["entropy"]);
        Assert.Equal(16, rows.Count(row => row["status"] == "ok") + (before == "ok" ? -1 : 0));
    }

    [Fact]
    public void A_table_without_embeddings_that_was_edited_is_not_taken_over()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 8);
        ScoreOptions options = Options(world, images, "scores.csv") with { KeepEmbeddings = false };
        ScoringWorld.Score(options);
        byte[] written = File.ReadAllBytes(options.Output);
        Assert.Equal(8, ScoringWorld.Score(options with { Resume = true }).Copied);
        File.WriteAllText(options.Output, File.ReadAllText(options.Output).Replace(",class ", ",klass ", StringComparison.Ordinal));

        Assert.Equal(0, ScoringWorld.Score(options with { Resume = true }).Copied);

        Assert.Equal(written, File.ReadAllBytes(options.Output));
    }

    [Fact]
    public void Figures_by_other_instructions_are_others()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, world.Images("images", 1), "scores.csv");
        using TeacherPass teacher = new(options);
        string?[] found =
        [
            .. new[] { "avx2", "avx512", "other" }.Select(instructions =>
                EarlierRows.FiguresBy(options, teacher, ["path"], instructions, TestContext.Current.CancellationToken)
            ),
        ];
        Assert.Equal(3, found.Distinct().Count());
    }

    private static ScoreOptions Options(ScoringWorld world, string images, string output) =>
        ScoreRunTests.Options(world, images) with
        {
            Output = world[output],
            KeepEmbeddings = true,
            BatchSize = 4,
            CheckpointEvery = 2,
        };

    // All of a row but where its image lies.
    private static Dictionary<string, string> ByName(string table) =>
        ScoringWorld
            .Rows(table)
            .ToDictionary(row => Path.GetFileNameWithoutExtension(row["path"]!), row => string.Join(',', row.Fields.Skip(1)));

    private static float[] Embeddings(ScoringWorld world, string table, string name)
    {
        List<TableRow> rows = ScoringWorld.Rows(world[table]);
        long at = rows.FindIndex(row => Path.GetFileNameWithoutExtension(row["path"]!) == name);
        using EmbeddingReader reader = EmbeddingReader.Open(Path.ChangeExtension(world[table], ".embeddings.npy"));
        float[] found = [];
        reader.Read([at], (_, vector) => found = vector.ToArray());
        return found;
    }
}
