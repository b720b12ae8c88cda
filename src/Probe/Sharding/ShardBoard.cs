// Where a plan stands, by its files alone: for whoever hands out its shards.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A plan and its parts, without teacher and images.</summary>
internal sealed class ShardBoard
{
    private readonly string output;
    private readonly ScorePlan plan;
    private readonly PartStore store;

    private ShardBoard(string output, ScorePlan plan, string sha256)
    {
        (this.output, this.plan, Sha256) = (output, plan, sha256);
        store = new PartStore(FolderOf(output));
    }

    /// <summary>The folder of the plan and its parts.</summary>
    public string Folder => store.Folder;

    /// <summary>SHA-256 of the plan.</summary>
    public string Sha256 { get; }

    /// <summary>Version of the tool that made it.</summary>
    public string Version => plan.Version;

    /// <summary>Its numeric profile: <c>native</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public string Numerics => plan.Numerics;

    /// <summary>Shards.</summary>
    public int Shards => plan.Shards.Count;

    /// <summary>Rows of all shards.</summary>
    public long Rows => plan.Places;

    /// <summary>The files and folders that its inputs come from, as they were given.</summary>
    public IEnumerable<string> Sources => plan.Sources.Select(source => source.Path).Concat(plan.Archives.Keys);

    /// <summary>Where the plan of a table and its parts lie.</summary>
    public static string FolderOf(string output) => ScoreJournal.FolderOf(output);

    /// <summary>The plan of a table.</summary>
    /// <param name="output">The table.</param>
    /// <exception cref="ScoreException">There is none, or it cannot be read.</exception>
    public static ShardBoard Open(string output)
    {
        string folder = FolderOf(output);
        ScorePlan plan = ScorePlan.Read(folder) ?? throw new ScoreException($"{folder} has no plan of shards");
        return new ShardBoard(output, plan, Provenance.HashFile(ScorePlan.PathIn(folder), CancellationToken.None));
    }

    /// <summary>Looks at the parts. Their notes are counted by name, so that 100,000 of them take a listing and no reading.</summary>
    public ShardStanding Look()
    {
        bool[] finished = new bool[Shards];
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json"))
        {
            if (ShardAttempts.NumberOf(Path.GetFileNameWithoutExtension(file), Shards) is { } shard)
                finished[shard] = true;
        }
        HashSet<int> tried = store.Attempts.Tried(Shards);
        return store.Attempts.Standing(
            Shards,
            shard => finished[shard] || tried.Contains(shard) && store.IsFinished(shard),
            shard => plan.Shards[shard].Places
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

    /// <summary>The table.</summary>
    public override string ToString() => output;
}
