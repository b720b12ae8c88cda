// A plan and its parts in a bucket: the first result counts, whoever is killed, frozen or cut off, and nothing is lost in silence.

using System.Text;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Storage.Parts;
using DataFreeKD.Testing;

namespace DataFreeKD.Storage.Tests;

public sealed class PartPlaceTests : IAsyncLifetime
{
    private const string Address = "s3://photos/run/a",
        Plan = "a1b2c3d4e5f60718a1b2c3d4e5f60718a1b2c3d4e5f60718a1b2c3d4e5f60718",
        Root = "run/a/a1b2c3d4e5f60718";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private readonly TempFolder folder = new();
    private readonly List<BucketPlace> open = [];
    private DateTimeOffset now = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000);
    private FakeBucket bucket = null!;

    public async ValueTask InitializeAsync()
    {
        bucket = await FakeBucket.Start();
        bucket.PageSize = 1000;
        bucket.Clock = () => now;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (BucketPlace place in open)
            place.Dispose();
        await bucket.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public void The_first_of_two_attempts_is_the_part_and_the_second_is_held_against_it()
    {
        IPartStore store = Store();
        using IPartAttempt first = Attempt(store, "a\n1\n"),
            same = Attempt(store, "a\n1\n"),
            other = Attempt(store, "a\n2\n");

        Assert.Equal(AttemptOutcome.First, first.Commit(PartOf(first)));
        Assert.Equal(AttemptOutcome.Same, same.Commit(PartOf(same)));
        ShardException conflict = Assert.Throws<ShardException>(() => other.Commit(PartOf(other)));
        first.Dispose();
        same.Dispose();
        other.Dispose();

        Assert.Equal(ShardProblem.Conflict, conflict.Problem);
        Assert.Contains($"({other.Name}) computed other bytes than host ({first.Name}) before", conflict.Message, StringComparison.Ordinal);
        Assert.Null(store.Bring(store.Read(0)!, Cancel));
        Assert.Equal("a\n1\n", File.ReadAllText(store.RowsOf(0)));
        Assert.True(Assert.Single(store.Attempts.FailuresOf(0)) is { Conflict: true, Lasting: true });
        Assert.Equal([$"{Root}/attempts/{other.Name}.json"], Keys($"{Root}/attempts/"));

        // Neither is believed.
        store.Forget(0);
        Assert.False(store.IsFinished(0));
        Assert.Empty(Keys(Root));
    }

    [Fact]
    public void Of_many_that_finish_at_once_one_is_the_part()
    {
        IPartStore[] stores = [.. Enumerable.Range(0, 6).Select(_ => Store())];
        AttemptOutcome[] outcomes = new AttemptOutcome[stores.Length];

        Parallel.For(0, stores.Length, i =>
        {
            using IPartAttempt attempt = Attempt(stores[i], "a\n1\n");
            outcomes[i] = attempt.Commit(PartOf(attempt));
        });

        Assert.Single(outcomes, AttemptOutcome.First);
        Assert.Null(stores[0].DamageOf(stores[0].Read(0)!, Cancel));
        Assert.Equal(2, Keys(Root).Length);
    }

    [Fact]
    public void A_result_whose_answer_was_lost_is_the_first_as_it_was()
    {
        IPartStore store = Store();
        using IPartAttempt attempt = Attempt(store, "a\n1\n");
        int notes = 0;
        bucket.Fault = request =>
            request is { Method: "PUT" } && request.Key.Contains("/notes/", StringComparison.Ordinal) && notes++ == 0
                ? new BucketFault(Unclear: true)
                : null;

        Assert.Equal(AttemptOutcome.First, attempt.Commit(PartOf(attempt)));

        Assert.True(notes > 1);
        Assert.Null(store.DamageOf(store.Read(0)!, Cancel));
    }

    [Theory]
    [InlineData(409, "ConditionalRequestConflict")]
    [InlineData(500, "InternalError")]
    [InlineData(503, "SlowDown")]
    public void Failures_that_pass_do_not_end_a_commit(int status, string code)
    {
        IPartStore store = Store();
        using IPartAttempt attempt = Attempt(store, "a\n1\n");
        Dictionary<string, int> asked = [];
        bucket.Fault = request =>
        {
            lock (asked)
            {
                if (request.Method == "PUT")
                    asked[request.Key] = asked.GetValueOrDefault(request.Key) + 1;
                return request.Method == "PUT" && asked[request.Key] <= 2 ? new BucketFault(status, code) : null;
            }
        };

        Assert.Equal(AttemptOutcome.First, attempt.Commit(PartOf(attempt)));
        Assert.Null(store.DamageOf(store.Read(0)!, Cancel));
    }

    [Fact]
    public void A_service_that_fails_for_good_leaves_no_part_and_may_pass()
    {
        IPartStore store = Store();
        using IPartAttempt attempt = Attempt(store, "a\n1\n");
        bucket.Fault = request => request.Method == "PUT" ? new BucketFault(500) : null;

        StorageException failed = Assert.Throws<StorageException>(() => attempt.Commit(PartOf(attempt)));

        Assert.True(failed.IsPassing);
        Assert.Contains(
            $"s3://photos/{Root}/rows/{attempt.Name}.part cannot be written: the service answers 500",
            failed.Message,
            StringComparison.Ordinal
        );
        bucket.Fault = _ => null;
        Assert.False(store.IsFinished(0));
    }

    [Fact]
    public void A_body_that_breaks_off_is_brought_whole()
    {
        IPartStore store = Store();
        string rows = new('x', 100_000);
        using (IPartAttempt attempt = Attempt(store, rows))
            attempt.Commit(PartOf(attempt));
        int cuts = 0;
        bucket.Fault = request =>
            request is { Method: "GET" } && request.Key.Contains("/rows/", StringComparison.Ordinal) && cuts++ < 2
                ? new BucketFault(CutAfter: 30_000)
                : null;

        Assert.Null(store.Bring(store.Read(0)!, Cancel));

        Assert.Equal(rows, File.ReadAllText(store.RowsOf(0)));
        Assert.True(cuts > 2);
    }

    [Fact]
    public void A_part_that_is_gone_or_altered_is_named()
    {
        IPartStore store = Store();
        using (IPartAttempt attempt = Attempt(store, "a\n1\n"))
            attempt.Commit(PartOf(attempt));
        Part part = store.Read(0)!;
        string rows = Assert.Single(Keys($"{Root}/rows/"));

        lock (bucket.Objects)
            bucket.Objects[rows] = "a\n3\n"u8.ToArray();
        Assert.Equal($"s3://photos/{rows} is cut short or altered (its sha256 is not its note's)", store.Bring(part, Cancel));
        Assert.False(File.Exists(store.RowsOf(0)));
        lock (bucket.Objects)
            bucket.Objects.Remove(rows);
        Assert.Equal($"s3://photos/{rows} is gone", store.DamageOf(part, Cancel));
        lock (bucket.Objects)
            bucket.Objects[$"{Root}/notes/00000000.json"] = "{}"u8.ToArray();
        Assert.Equal(ShardProblem.Damaged, Assert.Throws<ShardException>(() => store.Read(0)).Problem);
    }

    [Fact]
    public void Attempts_at_work_do_not_count_and_those_that_fell_silent_do_and_stay_so()
    {
        IPartStore store = Store();
        using IPartAttempt working = store.Begin(3, "1");
        string silent = Silent(3);

        Assert.Empty(store.Attempts.FailuresOf(3));
        now += TimeSpan.FromSeconds(59);
        Assert.Empty(store.Attempts.FailuresOf(3));
        Assert.Equal([3], store.Attempts.Tried(10));
        // What lives renews; here the test does it in its place.
        lock (bucket.Objects)
            bucket.Changed[$"{Root}/attempts/{working.Name}.json"] = now;
        now += TimeSpan.FromSeconds(5);

        Failure killed = Assert.Single(store.Attempts.FailuresOf(3));

        Assert.Equal("the process 7 on gone that began at 1970-01-01 00:00:00Z ended without a result, killed or crashed", killed.Message);
        Assert.Contains("killed or crashed", Text(silent), StringComparison.Ordinal);
        working.Dispose();
        Assert.Equal([silent], Keys($"{Root}/attempts/"));
        store.Forget(3);
        Assert.Empty(Keys(Root));
    }

    [Fact]
    public void An_attempt_that_comes_back_after_others_counted_it_as_killed_knows_it_and_its_part_is_equal()
    {
        IPartStore store = Store(TimeSpan.FromMilliseconds(20)),
            other = Store();
        using IPartAttempt frozen = Attempt(store, "a\n1\n");
        // Frozen beyond its lease: another process wrote down that it was killed.
        Close(frozen.Name);

        Assert.True(frozen.Lost.WaitHandle.WaitOne(Long));

        using IPartAttempt second = Attempt(other, "a\n1\n");
        Assert.Equal(AttemptOutcome.First, second.Commit(PartOf(second)));
        Assert.Equal(AttemptOutcome.Same, frozen.Commit(PartOf(frozen)));
        second.Dispose();
        frozen.Dispose();
        // It counted, and is not removed by who was given up.
        Assert.Single(Keys($"{Root}/attempts/"));
        Assert.Null(other.DamageOf(other.Read(0)!, Cancel));
    }

    [Fact]
    public void A_holder_renews_and_a_renewal_whose_answer_was_lost_is_its_own()
    {
        IPartStore store = Store(TimeSpan.FromMilliseconds(20));
        int renewals = 0;
        bucket.Fault = request =>
            request is { Method: "PUT" }
            && request.Key.Contains("/attempts/", StringComparison.Ordinal)
            && Interlocked.Increment(ref renewals) % 3 == 2
                ? new BucketFault(Unclear: true)
                : null;
        using IPartAttempt attempt = store.Begin(0, "1");

        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref renewals) > 10, Long));

        Assert.False(attempt.Lost.IsCancellationRequested);
        Assert.Empty(store.Attempts.FailuresOf(0));
    }

    [Fact]
    public void A_holder_that_cannot_renew_gives_up_before_others_take_it_for_killed()
    {
        IPartStore store = Store(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200));
        using IPartAttempt attempt = store.Begin(0, "1");
        bucket.Fault = request => request.Method == "PUT" ? new BucketFault(403, "AccessDenied") : null;

        Assert.True(attempt.Lost.WaitHandle.WaitOne(Long));
        bucket.Fault = _ => null;
    }

    [Fact]
    public void Three_silent_attempts_are_waited_for_and_then_counted()
    {
        IPartStore store = Store();
        for (int attempt = 0; attempt < AttemptLog.Most; attempt++)
        {
            Assert.False(store.Attempts.IsUndecided(2));
            Silent(2);
        }

        Assert.True(store.Attempts.IsUndecided(2));
        Assert.False(store.Attempts.IsPoison(2));
        now += TimeSpan.FromSeconds(61);
        store.Attempts.Decide(2, Cancel);
        Assert.True(store.Attempts.IsPoison(2));
        Assert.Equal([2], store.Attempts.Standing(4, _ => false, _ => 1).Failed);
    }

    [Fact]
    public void Attempts_that_were_seen_to_live_are_not_waited_for()
    {
        IPartStore store = Store(),
            others = Store(TimeSpan.FromMilliseconds(20));
        IPartAttempt[] attempts = [.. Enumerable.Range(0, 3).Select(_ => others.Begin(2, "1"))];
        try
        {
            Assert.True(SpinWait.SpinUntil(() => !store.Attempts.IsUndecided(2), Long));
            Assert.Empty(store.Attempts.FailuresOf(2));
        }
        finally
        {
            Array.ForEach(attempts, attempt => attempt.Dispose());
        }
    }

    [Fact]
    public void A_process_that_is_told_to_stop_stops_asking_and_its_attempt_does_not_count()
    {
        using CancellationTokenSource stop = new();
        lock (bucket.Objects)
            bucket.Objects["run/a/plan.json"] = "plan"u8.ToArray();
        BucketPlace place = Open(null, null, stop.Token);
        place.ReadPlan();
        using (IPartAttempt attempt = Attempt(place.Parts(Plan), "a\n1\n"))
        {
            bucket.Fault = request =>
            {
                if (!request.Key.Contains("/rows/", StringComparison.Ordinal))
                    return null;
                stop.Cancel();
                return new BucketFault(Silent: true);
            };
            Assert.ThrowsAny<OperationCanceledException>(() => attempt.Commit(PartOf(attempt)));
        }

        Assert.Empty(Keys(Root));
    }

    [Theory]
    [InlineData("If-None-Match")]
    [InlineData("If-Match")]
    public void A_service_that_takes_no_notice_of_conditions_is_refused(string ignored)
    {
        bucket.Ignored.Add(ignored);

        StorageException refused = Assert.Throws<StorageException>(() => Place().TakeTurn());

        Assert.Contains($"the service takes no notice of {ignored} when it is written to", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Empty(Keys(""));
    }

    [Fact]
    public void The_first_plan_counts_with_what_it_was_learned_with()
    {
        BucketPlace one = Place(),
            two = Place();
        File.WriteAllText(Path.Combine(one.Files, "clip.json"), "1");
        File.WriteAllText(Path.Combine(two.Files, "clip.json"), "2");
        Dictionary<string, string> learned = Learned(one);

        one.WritePlan("one"u8.ToArray(), learned, Cancel);
        two.WritePlan("two"u8.ToArray(), Learned(two), Cancel);

        Assert.Equal("one"u8.ToArray(), two.ReadPlan());
        two.Bring(learned, Cancel);
        Assert.Equal("1", File.ReadAllText(Path.Combine(two.Files, "clip.json")));

        Dictionary<string, string> Learned(BucketPlace place) =>
            new() { ["clip.json"] = FileHash.Of(Path.Combine(place.Files, "clip.json"), Cancel) };
    }

    [Fact]
    public void One_process_plans_and_who_was_killed_at_it_is_replaced()
    {
        BucketPlace one = Place(),
            two = Place();
        (IDisposable? held, string? none) = one.TakeTurn();
        (IDisposable? refused, string? holder) = two.TakeTurn();

        Assert.NotNull(held);
        Assert.Null(none);
        Assert.Null(refused);
        Assert.Contains($"{Address} is being planned by the process {Environment.ProcessId} on", holder, StringComparison.Ordinal);
        held.Dispose();
        (IDisposable? next, _) = two.TakeTurn();
        Assert.NotNull(next);
        next.Dispose();

        Plant("run/a/planning.json", new HeldRecord("gone", 7, "1", DateTime.UnixEpoch, "x", 3));
        Assert.Null(one.TakeTurn().Held);
        now += TimeSpan.FromSeconds(61);
        (IDisposable? taken, _) = one.TakeTurn();
        Assert.NotNull(taken);
        taken.Dispose();
        Assert.Empty(Keys(""));
    }

    [Fact]
    public void The_end_removes_what_is_this_tools_and_says_what_became_of_it()
    {
        BucketPlace place = Place();
        place.WritePlan("one"u8.ToArray(), new Dictionary<string, string>(), Cancel);
        place.ReadPlan();
        IPartStore store = place.Parts(Plan);
        using (IPartAttempt attempt = Attempt(store, "a\n1\n"))
            attempt.Commit(PartOf(attempt));
        Silent(1);
        place.WriteJob("{}"u8.ToArray());
        string[] foreign = ["run/a/mine.txt", "run/a/notes/00000000.json", "run/ab/plan.json"];
        lock (bucket.Objects)
        {
            foreach (string key in foreign)
                bucket.Objects[key] = [];
        }

        place.Remove("it was finished as /out/scores.csv");

        Assert.Equal([.. foreign.Append("run/a/ended.json").Order(StringComparer.Ordinal)], Keys(""));
        Assert.False(store.IsPlanned);
        Assert.StartsWith("it was finished as /out/scores.csv, by ", place.Ended, StringComparison.Ordinal);
        // An attempt that comes too late leaves nothing.
        using (IPartAttempt late = Attempt(store, "a\n1\n"))
            Assert.Throws<IOException>(() => late.Commit(PartOf(late)));
        Assert.Equal(foreign.Length + 1, Keys("").Length);
        place.Remove(ended: null);
        Assert.Null(place.Ended);
        Assert.Equal(foreign.Length, Keys("").Length);
    }

    [Theory]
    [InlineData("s3://photos")]
    [InlineData("s3://photos/")]
    [InlineData("s3://photos/a/../b")]
    [InlineData("s3://photos/a//b")]
    public void What_is_no_prefix_is_refused(string address) =>
        Assert.Contains(
            "give s3://bucket/prefix",
            Assert.Throws<StorageException>(() => BucketFolder.Parse(address)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_bucket_that_is_not_there_is_told_in_one_line()
    {
        using BucketPlace place = new(Bucket("s3://nowhere/a"), PartStore.Table, "1", files: null, Cancel);

        Assert.Contains(
            "there is no such bucket",
            Assert.Throws<StorageException>(() => place.ReadPlan()).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "there is no such bucket",
            Assert.Throws<StorageException>(() => place.TakeTurn()).Message,
            StringComparison.Ordinal
        );
    }

    private PartsBucket Bucket(string address, TimeSpan? renewal = null, TimeSpan? lease = null) =>
        new()
        {
            Address = address,
            Service = new BucketOptions { Endpoint = bucket.Endpoint, Anonymous = true },
            Lease = new PartLease(lease ?? TimeSpan.FromSeconds(60), renewal ?? TimeSpan.FromHours(1)),
        };

    private BucketPlace Place(TimeSpan? renewal = null, TimeSpan? lease = null) => Open(renewal, lease, Cancel);

    private BucketPlace Open(TimeSpan? renewal, TimeSpan? lease, CancellationToken stop)
    {
        BucketPlace place = new(
            Bucket(Address, renewal, lease),
            PartStore.Table,
            "1",
            Directory.CreateDirectory(folder[$"{open.Count}"]).FullName,
            stop
        );
        open.Add(place);
        return place;
    }

    private IPartStore Store(TimeSpan? renewal = null, TimeSpan? lease = null)
    {
        lock (bucket.Objects)
            bucket.Objects["run/a/plan.json"] = "plan"u8.ToArray();
        BucketPlace place = Place(renewal, lease);
        place.ReadPlan();
        return place.Parts(Plan);
    }

    private static IPartAttempt Attempt(IPartStore store, string rows)
    {
        IPartAttempt attempt = store.Begin(0, "1");
        File.WriteAllText(attempt.Rows, rows);
        return attempt;
    }

    private static Part PartOf(IPartAttempt attempt) =>
        new()
        {
            Shard = 0,
            Rows = 1,
            Sha256 = FileHash.Of(attempt.Rows, Cancel),
            Counts = new Dictionary<string, long>(),
            Attempt = attempt.Name,
            Host = "host",
            Isa = "avx2",
            Numerics = "native",
            Version = "1",
            Fingerprint = "",
            Seconds = 1,
        };

    // What SIGKILL leaves.
    private string Silent(int shard)
    {
        string key = $"{Root}/attempts/{AttemptLog.NewName(shard)}.json";
        Plant(key, new HeldRecord("gone", 7, "1", DateTime.UnixEpoch, "x", 3));
        return key;
    }

    private void Plant(string key, HeldRecord record)
    {
        lock (bucket.Objects)
        {
            bucket.Objects[key] = ShardJson.Lines(record);
            bucket.Changed[key] = now;
        }
    }

    // As another process does it.
    private void Close(string attempt)
    {
        string key = $"{Root}/attempts/{attempt}.json";
        lock (bucket.Objects)
            bucket.Objects[key] = ShardJson.Lines(
                ShardJson.Parse<HeldRecord>(bucket.Objects[key])! with
                {
                    Failure = new Failure("killed or crashed", Lasting: false),
                }
            );
    }

    private string[] Keys(string prefix)
    {
        lock (bucket.Objects)
            return [.. bucket.Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
    }

    private string Text(string key)
    {
        lock (bucket.Objects)
            return Encoding.UTF8.GetString(bucket.Objects[key]);
    }
}
