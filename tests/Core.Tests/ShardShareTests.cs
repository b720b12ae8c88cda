// Which shards are whose, by hand and by what schedulers tell.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Core.Tests;

public sealed class ShardShareTests
{
    [Theory]
    [InlineData("0/1", "", 0, 1)]
    [InlineData("3/64", "", 3, 64)]
    [InlineData("env", "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=8", 3, 8)]
    [InlineData("env", "SLURM_ARRAY_TASK_ID=6 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=5 SLURM_ARRAY_TASK_STEP=2", 3, 5)]
    [InlineData("env", "JOB_COMPLETION_INDEX=7 JOB_COMPLETIONS=9", 7, 9)]
    [InlineData("env/12", "JOB_COMPLETION_INDEX=7", 7, 12)]
    [InlineData("env/64", "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_COUNT=2", 7, 64)]
    public void A_share_is_read(string text, string environment, int index, int count) =>
        Assert.Equal(new ShardShare(index, count), ShardShare.Parse(text, Of(environment)));

    [Theory]
    [InlineData("3/3", "", "numbered from 0")]
    [InlineData("0/0", "", "at least 1")]
    [InlineData("-1/3", "", "whole number")]
    [InlineData("1", "", "i/n")]
    [InlineData("1/2/3", "", "i/n")]
    [InlineData("", "", "i/n")]
    [InlineData("env", "", "neither")]
    [InlineData("env", "JOB_COMPLETION_INDEX=7", "env/N")]
    [InlineData("env", "JOB_COMPLETION_INDEX=7 JOB_COMPLETIONS=7", "numbered from 0")]
    [InlineData("env", "SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3", "gaps")]
    [InlineData("env", "SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN")]
    [InlineData("env", "SLURM_ARRAY_TASK_ID=1 JOB_COMPLETION_INDEX=7", "both")]
    public void A_share_that_cannot_be_meant_is_refused_with_the_reason(string text, string environment, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<ShardShareException>(() => ShardShare.Parse(text, Of(environment))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 10)]
    [InlineData(7, 3)]
    [InlineData(int.MaxValue, 5)]
    public void Shares_cover_every_shard_once(int count, int shards) =>
        Assert.Equal(
            Enumerable.Range(0, shards),
            Enumerable.Range(0, Math.Min(count, shards + 1)).SelectMany(index => new ShardShare(index, count).Of(shards)).Order()
        );

    private static Func<string, string?> Of(string environment) =>
        name =>
            environment
                .Split(' ')
                .Where(pair => pair.StartsWith(name + "=", StringComparison.Ordinal))
                .Select(pair => pair[(name.Length + 1)..])
                .FirstOrDefault();
}
