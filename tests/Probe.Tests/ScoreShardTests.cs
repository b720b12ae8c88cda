// A run in shards ends with the very bytes of one process, whoever computed which shard, and what goes wrong is named.

using System.Text.Json;
using System.Text.Json.Nodes;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Sharding;

namespace DataFreeKD.Probe.Tests;

public sealed class ScoreShardTests
{
    private const int Images = 42;

    [Theory]
    [InlineData(1, "scores.csv", "plain")]
    [InlineData(3, "scores.csv", "plain")]
    [InlineData(7, "scores.csv", "plain")]
    [InlineData(3, "scores.parquet", "plain")]
    [InlineData(3, "scores.csv", "all")]
    [InlineData(7, "scores.parquet", "all")]
    [InlineData(3, "scores.csv", "cascade")]
    [InlineData(3, "scores.csv", "table")]
    [InlineData(3, "scores.csv", "archives")]
    public void Shares_of_any_number_end_with_the_bytes_of_one_process(int shares, string name, string kind)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, kind) with { Output = world[name] };
        Dictionary<string, byte[]> whole = Plain(world, options);

        // The last share first: the order is nobody's business.
        for (int share = shares - 1; share >= 0; share--)
            Assert.Empty(Work(options, share, shares).Failed);
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
        Assert.False(Directory.Exists(options.Output + ".parts"));
    }

    [Fact]
    public void A_resumed_run_finishes_what_shares_began()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, "all");
        Dictionary<string, byte[]> whole = Plain(world, options);
        Work(options, 1, 3);

        long first = -1;
        ScoringWorld.Score(options with { Resume = true }, now => first = first < 0 ? now.Done : first);

        Same(whole, options);
        Assert.Equal(4, first);
    }

    [Fact]
    public void A_share_that_was_interrupted_goes_on_and_the_interruption_does_not_count()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Dictionary<string, byte[]> whole = Plain(world, options);
        for (int turn = 0; turn < ShardAttempts.Most + 1; turn++)
        {
            using CancellationTokenSource stop = new();
            int batches = 2;
            Assert.ThrowsAny<OperationCanceledException>(() =>
                ScoreShards.Work(
                    options,
                    new ShardOptions { Size = 16 },
                    new Heard<ScoreProgress>(_ =>
                    {
                        if (--batches == 0)
                            stop.Cancel();
                    }),
                    stop.Token
                )
            );
        }

        ScoreShards.Work(options, cancel: Token);
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
    }

    [Fact]
    public void Missing_shards_are_named_and_nothing_is_written()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 1, 3);

        ShardException missing = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));

        Assert.Equal(ShardProblem.Missing, missing.Problem);
        Assert.Contains("4 of 6 shards are missing: 0, 2-3, 5;", missing.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(options.Output));
    }

    [Fact]
    public void The_inputs_are_hashed_once_and_the_plan_holds_what_a_shard_needs()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, "table");
        Work(options, 0, 2);
        JsonNode plan = JsonNode.Parse(File.ReadAllText(world["scores.csv.parts/plan.json"]))!;

        Assert.Equal(Provenance.ToolVersion, (string?)plan["version"]);
        Assert.Equal(8, (int?)plan["shard_size"]);
        Assert.Equal(Images, (int?)plan["places"]);
        Assert.Equal(6, plan["shards"]!.AsArray().Count);
        Assert.Equal("native", (string?)plan["numerics"]);
        Assert.Equal(
            Provenance.HashFile(world["list.csv"], Token),
            (string?)plan["inputs"]!.AsObject().Single(pair => pair.Key.EndsWith("list.csv", StringComparison.Ordinal)).Value
        );
        JsonNode part = JsonNode.Parse(File.ReadAllText(world["scores.csv.parts/00000002.json"]))!;
        Assert.Equal(Provenance.HashFile(world["scores.csv.parts/00000002.part"], Token), (string?)part["sha256"]);
        Assert.Equal(8, (int?)part["rows"]);
        Assert.Equal(Environment.MachineName, (string?)part["host"]);
    }

    [Fact]
    public void A_shard_size_is_rounded_down_to_whole_batches_and_stays_the_plans()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Assert.Equal(6, ScoreShards.Plan(options, new ShardOptions { Size = 11 }, Token).Shards);
        Assert.Equal(6, ScoreShards.Plan(options, cancel: Token).Shards);
        Assert.Contains(
            "Size 12",
            Assert.Throws<ScoreException>(() => ScoreShards.Plan(options, new ShardOptions { Size = 12 }, Token)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(4, ScoreShards.Plan(options with { Overwrite = true }, new ShardOptions { Size = 12 }, Token).Shards);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("altered")]
    [InlineData("gone")]
    [InlineData("embeddings")]
    public void A_part_that_was_cut_short_or_altered_is_named_and_computed_again(string damage)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Dictionary<string, byte[]> whole = Plain(world, options);
        Work(options, 0, 1);
        string file = world[$"scores.csv.parts/00000003.{(damage == "embeddings" ? "f32" : "part")}"];
        byte[] bytes = File.ReadAllBytes(file);
        if (damage == "gone")
            File.Delete(file);
        else
            File.WriteAllBytes(file, damage == "cut" ? bytes[..^40] : [.. bytes[..^3], (byte)(bytes[^3] ^ 1), .. bytes[^2..]]);

        ShardException found = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));
        Assert.Equal(ShardProblem.Damaged, found.Problem);
        Assert.Contains(Path.GetFileName(file), found.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(options.Output));

        List<string> notes = [];
        ShardSummary again = ScoreShards.Work(options, new ShardOptions { Note = notes.Add }, cancel: Token);
        Assert.Equal(1, again.Done);
        Assert.Contains(Path.GetFileName(file), Assert.Single(notes), StringComparison.Ordinal);
        ScoreShards.Finish(options, cancel: Token);
        Same(whole, options);
    }

    [Fact]
    public void A_shard_whose_images_changed_fails_at_once_and_the_others_go_on()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Dictionary<string, byte[]> whole = Plain(world, options);
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);
        File.Move(world["images/017.bmp"], world["images/017b.bmp"]);

        ShardSummary summary = Work(options, 0, 1);

        Assert.Equal([2], summary.Failed);
        Assert.Equal(5, summary.Done);
        ShardException failed = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));
        Assert.Equal(ShardProblem.Failed, failed.Problem);
        Assert.Contains("no longer those of the plan", failed.Message, StringComparison.Ordinal);
        JsonNode told = JsonNode.Parse(File.ReadAllText(world["scores.csv.parts/failed.json"]))!;
        Assert.Equal(2, (int?)Assert.Single(told.AsArray())!["shard"]);
        Assert.False(File.Exists(options.Output));
        // Not tried again unless asked for.
        File.Move(world["images/017b.bmp"], world["images/017.bmp"]);
        Assert.Equal([2], Work(options, 0, 1).Failed);
        Assert.Empty(ScoreShards.Work(options, new ShardOptions { RetryFailed = true }, cancel: Token).Failed);
        ScoreShards.Finish(options, cancel: Token);
        Same(whole, options);
    }

    [Fact]
    public void An_image_that_came_at_the_end_is_noticed()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);
        File.Copy(world["images/000.bmp"], world["images/zzz.bmp"]);

        Assert.Equal([5], Work(options, 0, 1).Failed);
    }

    [Fact]
    public void A_shard_that_kills_its_process_three_times_is_not_tried_again_and_may_become_rows_that_say_so()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);
        PartStore store = new(world["scores.csv.parts"], PartStore.Table);
        for (int attempt = 0; attempt < ShardAttempts.Most; attempt++)
        {
            Assert.Equal(attempt, store.Attempts.FailuresOf(4).Count);
            Assert.False(store.Attempts.IsPoison(4));
            Killed(store, 4);
        }

        ShardSummary summary = Work(options, 0, 1);

        Assert.Equal([4], summary.Failed);
        Assert.Equal(5, summary.Finished);
        ShardException failed = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));
        Assert.Contains("killed or crashed", failed.Message, StringComparison.Ordinal);
        Assert.Contains("--allow-failed-shards 1", failed.Message, StringComparison.Ordinal);
        ScoreSummary finished = ScoreShards.Finish(options, new FinishOptions { AllowFailed = 1 }, Token);
        Assert.Equal(8, finished.Counts["failed/shard"]);
        List<TableRow> rows = ScoringWorld.Rows(options.Output);
        Assert.Equal(Images, rows.Count);
        Assert.All(rows[32..40], row => Assert.Equal(("failed", "shard", ""), (row["status"], row["reason"], row["entropy"])));
        Assert.Equal("images/033.bmp", rows[33]["path"]);
        using EmbeddingReader vectors = EmbeddingReader.Open(world["scores.embeddings.npy"]);
        vectors.Read([31, 33], (at, vector) => Assert.Equal(at == 1, float.IsNaN(vector[0])));
    }

    [Fact]
    public void Attempts_at_work_do_not_count_against_a_shard()
    {
        using ScoringWorld world = new();
        PartStore store = new(world["parts"], PartStore.Table);
        using PartAttempt one = new(store, 0, Provenance.ToolVersion),
            two = new(store, 0, Provenance.ToolVersion),
            three = new(store, 0, Provenance.ToolVersion);
        Assert.Empty(store.Attempts.FailuresOf(0));
    }

    [Fact]
    public void The_first_of_two_attempts_is_the_part_and_the_second_is_held_against_it()
    {
        using ScoringWorld world = new();
        PartStore store = new(world["parts"], PartStore.Table);
        PartAttempt first = Attempt(store, "a\n1\n"),
            same = Attempt(store, "a\n1\n"),
            other = Attempt(store, "a\n2\n");

        Assert.Equal(AttemptOutcome.First, first.Commit(PartOf(first)));
        Assert.Equal(AttemptOutcome.Same, same.Commit(PartOf(same)));
        ShardException conflict = Assert.Throws<ShardException>(() => other.Commit(PartOf(other)));
        first.Dispose();
        same.Dispose();
        other.Dispose();

        Assert.Equal(ShardProblem.Conflict, conflict.Problem);
        Assert.Equal("a\n1\n", File.ReadAllText(store.RowsOf(0)));
        Assert.Equal(other.Folder, Assert.Single(Directory.GetDirectories(store.Attempts.Folder)));
    }

    [Fact]
    public void A_part_whose_process_was_killed_before_its_rows_were_in_place_is_whole()
    {
        using ScoringWorld world = new();
        PartStore store = new(world["parts"], PartStore.Table);
        using PartAttempt attempt = Attempt(store, "a\n1\n");
        ShardJson.Write(world["part.json"], PartOf(attempt));
        Assert.True(HardLink.TryCreate(world["part.json"], store.NoteOf(0)));
        Assert.False(File.Exists(store.RowsOf(0)));

        Assert.NotNull(store.Read(0));

        Assert.Equal("a\n1\n", File.ReadAllText(store.RowsOf(0)));
    }

    [Fact]
    public void A_conflict_stops_the_finish_until_the_shard_is_computed_again()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Dictionary<string, byte[]> whole = Plain(world, options);
        Work(options, 0, 1);
        PartStore store = new(world["scores.csv.parts"], PartStore.Table);
        using (PartAttempt other = Attempt(store, "a\n2\n"))
            Assert.Throws<ShardException>(() => other.Commit(PartOf(other)));

        Assert.Equal(ShardProblem.Conflict, Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token)).Problem);
        Assert.False(File.Exists(options.Output));
        ScoringWorld.Score(options with { Resume = true });
        Same(whole, options);
    }

    [Theory]
    [InlineData("version", "was made by version")]
    [InlineData("numerics", "is for --numerics avx2")]
    public void A_plan_of_another_version_or_profile_is_refused_in_one_line(string field, string expected)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 0, 1);
        Alter(world["scores.csv.parts/plan.json"], field, field == "numerics" ? "avx2" : "0.0.1");

        Assert.Contains(expected, Assert.Throws<ScoreException>(() => Work(options, 0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains(
            expected,
            Assert.Throws<ScoreException>(() => ScoreShards.Finish(options, cancel: Token)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("version")]
    [InlineData("numerics")]
    [InlineData("fingerprint")]
    public void A_part_of_another_version_profile_or_teacher_is_refused_in_one_line(string field)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 0, 1);
        Alter(world["scores.csv.parts/00000001.json"], field, "other");

        foreach (Action step in (Action[])[() => Work(options, 0, 1), () => ScoreShards.Finish(options, cancel: Token)])
            Assert.Contains("00000001.json is of ", Assert.Throws<ScoreException>(step).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("columns", "null", "values are missing")]
    [InlineData("columns", "[null]", "values are missing")]
    [InlineData("shards", "null", "values are missing")]
    [InlineData("shards", "[null]", "values are missing")]
    [InlineData("sources", "[null]", "values are missing")]
    [InlineData("prelude", "{\"intact.zip\":null}", "values are missing")]
    [InlineData("columns", "[\"path\"]", "its columns are not the run's")]
    [InlineData("batch_size", "3", "its batches are of 3 images and the run's of 4")]
    [InlineData("batch_size", "0", "its batches are of 0 images")]
    [InlineData("embeddings", "false", "it keeps no embeddings")]
    [InlineData("shard_size", "0", "shards of 0")]
    [InlineData("shard_size", "7", "a shard of 8 places from 0")]
    [InlineData("places", "43", "its shards have 42 places and it says 43")]
    [InlineData("shards", "[]", "its shards have 0 places")]
    [InlineData("shards", "[{\"first\":1,\"places\":8,\"sha256\":\"\"}]", "a shard of 8 places from 1")]
    [InlineData("shards", "[{\"first\":0,\"places\":-8,\"sha256\":\"\"}]", "a shard of -8 places")]
    [InlineData("sources", "[]", "its sources have 0 places")]
    public void A_plan_that_was_altered_is_refused_in_one_line(string field, string value, string expected)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world) with { EmbeddingsPath = world["scores.npy"] };
        Work(options, 0, 2);
        string plan = world["scores.csv.parts/plan.json"];
        JsonNode node = JsonNode.Parse(File.ReadAllText(plan))!;
        node[field] = JsonNode.Parse(value);
        File.WriteAllText(plan, node.ToJsonString());

        Action[] steps =
        [
            () => Work(options, 1, 2),
            () => ScoreShards.Finish(options, cancel: Token),
            () => ScoringWorld.Score(options with { Resume = true }),
        ];
        foreach (Action step in steps)
        {
            string message = Assert.Throws<ScoreException>(step).Message;
            Assert.Contains(expected, message, StringComparison.Ordinal);
            Assert.DoesNotContain("\n", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("shard", "0")]
    [InlineData("shard", "5000")]
    [InlineData("shard", "-1")]
    [InlineData("sha256", "null")]
    [InlineData("counts", "null")]
    [InlineData("attempt", "null")]
    [InlineData("attempt", "\".\"")]
    [InlineData("attempt", "\"..\"")]
    [InlineData("attempt", "\"../../images\"")]
    [InlineData("attempt", "\"00000000.0123456789abcdef0123456789abcdef\"")]
    [InlineData("attempt", "\"00000001.0123456789abcdef0123456789abcdeg\"")]
    public void A_note_that_is_not_of_its_shard_is_damage(string field, string value)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 0, 1);
        string note = world["scores.csv.parts/00000001.json"];
        JsonNode node = JsonNode.Parse(File.ReadAllText(note))!;
        node[field] = JsonNode.Parse(value);
        File.WriteAllText(note, node.ToJsonString());

        foreach (Action step in (Action[])[() => Work(options, 0, 1), () => ScoreShards.Finish(options, cancel: Token)])
        {
            ShardException damaged = Assert.Throws<ShardException>(step);
            Assert.Equal(ShardProblem.Damaged, damaged.Problem);
            Assert.Contains("00000001.json is ", damaged.Message, StringComparison.Ordinal);
        }
        File.Delete(note);
        Assert.Equal(1, Work(options, 0, 1).Done);
    }

    [Fact]
    public void An_attempt_that_is_a_link_is_not_followed()
    {
        using ScoringWorld world = new();
        PartStore store = new(world["parts"], PartStore.Table);
        string other = Directory.CreateDirectory(world["other"]).FullName,
            link = Path.Combine(Directory.CreateDirectory(store.Attempts.Folder).FullName, $"00000000.{Guid.Empty:N}");
        File.WriteAllText(store.RowsIn(other), "a\n1\n");
        Directory.CreateSymbolicLink(link, other);

        store.Place(0, link);
        ShardAttempts.Remove(link);

        Assert.False(File.Exists(store.RowsOf(0)));
        Assert.True(File.Exists(store.RowsIn(other)));
    }

    [Fact]
    public void Another_teacher_or_other_options_than_the_plans_are_refused_by_name()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 0, 3);

        Assert.Contains("another teacher", Refusal(options with { Teacher = world.Teacher(seed: 2) }), StringComparison.Ordinal);
        Assert.Contains("(fast-decode)", Refusal(options with { FastDecode = true }), StringComparison.Ordinal);
        Assert.Contains(
            "holds a plan of 6 shards",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(options)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--overwrite",
            Assert.Throws<ScoreException>(() => Work(options with { Overwrite = true }, 0, 1)).Message,
            StringComparison.Ordinal
        );
        // The same at the end of another path is the same.
        Assert.Empty(
            Work(options with { Sources = [Path.GetRelativePath(Environment.CurrentDirectory, options.Sources[0])] }, 1, 3).Failed
        );

        string Refusal(ScoreOptions other) => Assert.Throws<ScoreException>(() => Work(other, 1, 3)).Message;
    }

    [Fact]
    public void What_was_learned_from_the_pool_is_not_learned_again_and_must_be_what_it_was()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, "all");
        Work(options, 0, 3);
        string clip = world["scores.csv.parts/react-clip.json"];
        DateTime learned = File.GetLastWriteTimeUtc(clip);
        Work(options, 1, 3);
        Assert.Equal(learned, File.GetLastWriteTimeUtc(clip));
        File.WriteAllText(clip, "1.5");

        Assert.Contains("react-clip.json", Assert.Throws<ScoreException>(() => Work(options, 2, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plain_run_that_was_interrupted_is_not_split_and_no_row_is_lost()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world) with { CheckpointEvery = 1 };
        ScoringWorld.Interrupt(options, batches: 4);

        Assert.Contains("not split", Assert.Throws<ScoreException>(() => Work(options, 0, 2)).Message, StringComparison.Ordinal);
        ScoringWorld.Score(options with { Resume = true });
        Assert.Equal(Images, ScoringWorld.Rows(options.Output).Count);
    }

    [Fact]
    public void A_table_that_is_finished_is_not_begun_again()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 0, 1);
        ScoreShards.Finish(options, cancel: Token);

        Assert.Contains("it is finished", Assert.Throws<ScoreException>(() => Work(options, 0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "it is finished",
            Assert.Throws<ScoreException>(() => ScoreShards.Finish(options, cancel: Token)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_that_appeared_since_the_plan_is_not_replaced_unless_told()
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world);
        Work(options, 0, 1);
        File.WriteAllText(options.Output, "mine");

        Assert.Throws<ScoreException>(() => ScoreShards.Finish(options, cancel: Token));
        Assert.Equal("mine", File.ReadAllText(options.Output));
        ScoreShards.Finish(options with { Overwrite = true }, cancel: Token);
        Assert.Equal(Images, ScoringWorld.Rows(options.Output).Count);
    }

    [Theory]
    [InlineData("scores.csv", ".csv")]
    [InlineData("scores.parquet", ".parquet")]
    public void A_table_folder_reads_as_the_table_would(string name, string ending)
    {
        using ScoringWorld world = new();
        ScoreOptions options = Options(world, "table") with { Output = world[name] };
        Plain(world, options);
        List<TableRow> whole = ScoringWorld.Rows(world[$"plain/{name}"]);
        Work(options, 0, 1);

        ScoreSummary summary = ScoreShards.Finish(options, new FinishOptions { TableFolder = true }, Token);

        string folder = world["scores.table"];
        Assert.False(File.Exists(options.Output));
        Assert.True(File.Exists(Path.Combine(folder, "00000005" + ending)));
        List<TableRow> rows = ScoringWorld.Rows(folder);
        Assert.Equal(whole.Select(row => string.Join('|', row.Fields)), rows.Select(row => string.Join('|', row.Fields)));
        Assert.Equal(File.ReadAllBytes(world["plain/scores.embeddings.npy"]), File.ReadAllBytes(world["scores.embeddings.npy"]));
        Provenance made = Provenance.ReadBeside(folder)!;
        Assert.Equal(Provenance.HashFile(folder, Token), made.Options["table-sha256"]);
        Assert.Equal(summary.Counts.Values.Sum(), whole.Count);
        // As an input it is a table like any other: its paths lead to the same images.
        ScoreOptions again = options with { Sources = [folder], Output = world["again.csv"] };
        ScoringWorld.Score(again);
        Assert.Equal(whole.Select(row => row["entropy"]), ScoringWorld.Rows(again.Output).Select(row => row["entropy"]));
    }

    [Fact]
    public void Sources_that_are_sharded_by_files_within_archives_skip_whole_archives()
    {
        using ScoringWorld world = new();
        string folder = world.Images("images", 9);
        world.Tar("a.tar", folder);
        world.Zip("b.zip", folder);
        Dictionary<string, long> archives = new();
        string[] all = [.. DataFreeKD.Imaging.Inputs.ImageInputs.Places(world["*.*"], archives, cancel: Token).Select(image => image.Path)];
        Assert.Equal([9L, 9L], archives.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value));
        Assert.Equal(18, all.Length);
        for (int first = 0; first <= all.Length; first++)
            Assert.Equal(
                all[first..],
                DataFreeKD
                    .Imaging.Inputs.ImageInputs.EnumerateFrom(world["*.*"], first, archives, cancel: Token)
                    .Select(input => input.Path)
            );
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ShardSummary Work(ScoreOptions options, int share, int shares) =>
        ScoreShards.Work(
            options,
            new ShardOptions { Share = new ShardShare(share, shares), Size = File.Exists(options.Output + ".parts/plan.json") ? null : 8 },
            cancel: Token
        );

    // The same by one process, in a folder of its own so that nothing is shared; paths are relative to the table, so the folder is beside.
    private static Dictionary<string, byte[]> Plain(ScoringWorld world, ScoreOptions options)
    {
        string plain = Path.Combine(Directory.CreateDirectory(world["plain"]).FullName, Path.GetFileName(options.Output));
        ScoringWorld.Score(options);
        Dictionary<string, byte[]> files = Directory
            .EnumerateFiles(Path.GetDirectoryName(options.Output)!, "scores.*")
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        foreach (string file in files.Keys)
            File.Move(world[file], Path.Combine(Path.GetDirectoryName(plain)!, file));
        return files;
    }

    private static void Same(Dictionary<string, byte[]> whole, ScoreOptions options)
    {
        string folder = Path.GetDirectoryName(options.Output)!;
        Assert.Equal(
            whole.Keys.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(folder, "scores.*").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
        );
        foreach ((string name, byte[] bytes) in whole)
        {
            byte[] now = File.ReadAllBytes(Path.Combine(folder, name));
            if (name == "scores.json")
                Assert.Equal(Untimed(bytes), Untimed(now));
            // A zip has the times of its entries.
            else if (name != "scores.intact.zip")
                Assert.True(bytes.AsSpan().SequenceEqual(now), $"{name} differs");
        }
    }

    private static string Untimed(byte[] provenance)
    {
        JsonNode node = JsonNode.Parse(provenance)!;
        node["seconds"] = 0;
        return node.ToJsonString();
    }

    private static void Alter(string file, string field, string value)
    {
        JsonNode node = JsonNode.Parse(File.ReadAllText(file))!;
        node[field] = value;
        File.WriteAllText(file, node.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    // What SIGKILL leaves: the folder with its first file, which nobody holds.
    private static void Killed(PartStore store, int shard)
    {
        string folder = Directory.CreateDirectory(Path.Combine(store.Attempts.Folder, $"{shard:D8}.{Guid.NewGuid():N}")).FullName;
        ShardJson.Write(Path.Combine(folder, "started.json"), new Started("host", 1, "1", DateTime.UnixEpoch));
    }

    private static PartAttempt Attempt(PartStore store, string rows)
    {
        PartAttempt attempt = new(store, 0, Provenance.ToolVersion);
        File.WriteAllText(attempt.Rows, rows);
        return attempt;
    }

    private static Part PartOf(PartAttempt attempt) =>
        new()
        {
            Shard = 0,
            Rows = 1,
            Sha256 = Provenance.HashFile(attempt.Rows, Token),
            Counts = new Dictionary<string, long>(),
            Attempt = attempt.Name,
            Host = "host",
            Isa = "avx2",
            Numerics = "native",
            Version = "1",
            Fingerprint = "",
            Seconds = 1,
        };

    private static ScoreOptions Options(ScoringWorld world, string kind = "plain")
    {
        string images = world.Images("images", Images, brokenEvery: 5);
        ScoreOptions options = ScoreRunTests.Options(world, images) with { KeepEmbeddings = true };
        switch (kind)
        {
            case "all":
                return options with { ExtraScores = ["all"], CopySample = 30 };
            case "cascade":
                return options with
                {
                    Cascade = new CascadeOptions
                    {
                        Budget = 10,
                        Keep = 0.4,
                        Ranking = new CascadeRanking("entropy", _ => (["entropy"], columns => [.. columns[0].Select(value => -value)])),
                    },
                };
            case "table":
                using (TableWriter table = Table.Create(world["list.csv"], ["path", "status", "reason", "note"]))
                {
                    for (int i = 0; i < Images; i++)
                        table.Write([
                            i % 11 == 3 ? "" : $"images/{i:D3}.bmp",
                            i % 7 == 2 ? "rejected" : "ok",
                            i % 7 == 2 ? "robots" : "",
                            $"note, {i}",
                        ]);
                    table.Commit();
                }
                return options with { Sources = [world["list.csv"]] };
            case "archives":
                // Images of their own: exact copies are left out of a plain run's batches, and last digits may differ.
                world.Tar("shards/a.tar", world.Images("one", 13, seed: 100));
                world.Tar("shards/b.tar.gz", world.Images("two", 9, brokenEvery: 4, seed: 200));
                File.WriteAllBytes(world["shards/c.tar"], []);
                world.Zip("d.zip", world.Images("three", 11, seed: 300));
                return options with { Sources = [world["shards/*"], world["d.zip"], images] };
            default:
                return options;
        }
    }
}
