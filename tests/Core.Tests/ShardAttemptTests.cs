// Which attempts at a shard count against it.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Core.Tests;

public sealed class ShardAttemptTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfkd-attempts-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Three_attempts_that_were_killed_and_begin_anew_are_enough()
    {
        ShardAttempts attempts = new(folder);
        for (int killed = 0; killed < 3; killed++)
        {
            Assert.False(attempts.IsPoison(0));
            Kill(0);
        }
        Assert.True(attempts.IsPoison(0));
        Assert.Equal(ShardOutcome.Failed, attempts.Do(0, "1", _ => Assert.Fail("it is not to be tried again")));
    }

    [Fact]
    public void Attempts_killed_before_the_shard_came_further_do_not_count_for_anybody()
    {
        string progress = "10 rows";
        ShardAttempts attempts = new(folder, _ => progress),
            others = new(folder, _ => progress);
        for (int turn = 0; turn < 10; turn++)
        {
            progress = $"{turn} rows";
            Kill(0, progress);
            Kill(0, progress);
            Kill(1, "elsewhere");
            Assert.False(attempts.IsPoison(0));
        }
        // Two of the last turn; what looks on, and does nothing, sees the same as who is at work.
        Assert.Equal(2, others.FailuresOf(0).Count);
        Assert.Empty(others.Standing(2, _ => false, _ => 1).Failed);
        Assert.Equal(ShardOutcome.Done, attempts.Do(0, "1", _ => { }));
        Assert.Equal(2, Attempts(0));

        Kill(0, progress);
        Assert.Equal([0], others.Standing(2, _ => false, _ => 1).Failed);
        progress = "a row more";
        Assert.Empty(others.Standing(2, _ => false, _ => 1).Failed);
    }

    [Fact]
    public void An_attempt_killed_while_it_waited_counts_only_where_many_were()
    {
        ShardAttempts attempts = new(folder, _ => "0");
        for (int killed = 1; killed < ShardAttempts.MostWaiting; killed++)
            Kill(0, "0", work: 0);
        Assert.Empty(attempts.FailuresOf(0));
        Kill(0, "0", work: 1);
        Assert.Equal(ShardAttempts.MostWaiting, attempts.FailuresOf(0).Count);
        Assert.True(attempts.IsPoison(0));

        Kill(1, "0", work: 1);
        Kill(1, "0", work: 2);
        Kill(1, "0", work: 0);
        Assert.Equal(2, attempts.FailuresOf(1).Count);
        Kill(1, "0", work: 3);
        Assert.True(attempts.IsPoison(1));
    }

    [Fact]
    public void An_attempt_that_left_no_word_of_where_it_began_counts()
    {
        ShardAttempts attempts = new(folder, _ => "7");
        for (int killed = 0; killed < 3; killed++)
        {
            Assert.False(attempts.IsPoison(0));
            Kill(0);
        }
        Assert.True(attempts.IsPoison(0));
    }

    [Fact]
    public void An_attempt_says_what_it_has_in_hand()
    {
        ShardAttempts attempts = new(folder, _ => "0");
        using ShardAttempt attempt = new(attempts, 0, "1");
        Assert.False(ShardAttempt.WasWaiting(attempt.Folder));
        using (attempt.Working())
            Assert.False(File.Exists(Path.Combine(attempt.Folder, ShardAttempt.WorkName)));
        attempt.BeginToWait();
        Assert.True(ShardAttempt.WasWaiting(attempt.Folder));
        IDisposable one = attempt.Working(),
            two = attempt.Working();
        one.Dispose();
        one.Dispose();
        Assert.False(ShardAttempt.WasWaiting(attempt.Folder));
        two.Dispose();
        Assert.True(ShardAttempt.WasWaiting(attempt.Folder));
    }

    [Fact]
    public void What_an_attempt_says_itself_counts_however_far_the_shard_came()
    {
        string progress = "1";
        ShardAttempts attempts = new(folder, _ => progress);
        attempts.Do(0, "1", _ => throw new InvalidOperationException("a fault"));
        progress = "2";
        Assert.Equal("a fault", Assert.Single(attempts.FailuresOf(0)).Message);
    }

    // What a process leaves that was killed.
    private void Kill(int shard, string? progress = null, long? work = null)
    {
        string attempt = Path.Combine(folder, ShardAttempts.Name, AttemptLog.NewName(shard));
        Directory.CreateDirectory(attempt);
        ShardJson.Write(Path.Combine(attempt, ShardAttempt.StartedName), new Started("host", 1, "1", DateTime.UtcNow, progress));
        if (work is { } inHand)
            File.WriteAllBytes(Path.Combine(attempt, ShardAttempt.WorkName), BitConverter.GetBytes(inHand));
    }

    private int Attempts(int shard) => Directory.EnumerateDirectories(Path.Combine(folder, ShardAttempts.Name), $"{shard:D8}.*").Count();
}
