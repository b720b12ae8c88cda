// Where a plan stands, by its files alone: for whoever hands out its shards.

namespace DataFreeKD.Core.Sharding;

/// <summary>A plan and its parts, without teacher and images.</summary>
/// <param name="store">The parts.</param>
/// <param name="plan">What they must be.</param>
internal class PartBoard(IPartStore store, PartPlan plan)
{
    /// <summary>The folder of the plan and its parts.</summary>
    public string Folder => store.Folder;

    /// <summary>SHA-256 of the plan, as it was when this was opened.</summary>
    public string Sha256 => plan.Sha256;

    /// <summary>Version of the tool that made it.</summary>
    public string Version => plan.Version;

    /// <summary>Its numeric profile: <c>native</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public string Numerics => plan.Numerics;

    /// <summary>Shards.</summary>
    public int Shards => plan.Rows.Count;

    /// <summary>Rows of all shards.</summary>
    public long Rows => plan.Rows.Sum();

    /// <summary>Looks at the parts. Their notes are counted by name, so that 100,000 of them take a listing and no reading.</summary>
    /// <exception cref="DirectoryNotFoundException">The plan is gone: another process finished it, or began anew.</exception>
    public ShardStanding Look()
    {
        if (!store.IsPlanned)
            throw new DirectoryNotFoundException($"{Folder} has no plan any more");
        HashSet<int> finished = store.Finished(Shards);
        HashSet<int> tried = store.Attempts.Tried(Shards);
        return store.Attempts.Standing(
            Shards,
            shard => finished.Contains(shard) || tried.Contains(shard) && store.IsFinished(shard),
            shard => plan.Rows[shard]
        );
    }

    /// <summary>Lets shards be tried again that failed before. Where two processes came to different bytes, neither is believed.</summary>
    public void RetryFailed()
    {
        foreach (int shard in store.Attempts.Tried(Shards))
            store.Forget(shard);
    }

    /// <summary>Removes the parts that were cut short or altered, so that they are missing.</summary>
    /// <param name="note">Hears which.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="ShardException">A note is damaged, and does not tell what it is of.</exception>
    public int RemoveDamaged(Action<string>? note, CancellationToken cancel = default)
    {
        int removed = 0;
        for (int shard = 0; shard < Shards; shard++)
        {
            if (store.Read(shard) is not { } part || store.DamageOf(part, cancel) is not { } damage)
                continue;
            note?.Invoke($"{damage}; the shard is computed again");
            store.Remove(shard);
            removed++;
        }
        return removed;
    }

    /// <summary>What is made of the parts.</summary>
    public override string ToString() => plan.Output;
}
