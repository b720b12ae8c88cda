// Where a scoring plan stands, by its files alone: for whoever hands out its shards.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A plan and its parts, without teacher and images.</summary>
internal sealed class ShardBoard : PartBoard
{
    private readonly ScorePlan plan;

    private ShardBoard(string output, ScorePlan plan)
        : base(StoreOf(output), plan.Parts(output)) => this.plan = plan;

    /// <summary>The files and folders that its inputs come from, as they were given.</summary>
    public IEnumerable<string> Sources => plan.Sources.Select(source => source.Path).Concat(plan.Archives.Keys);

    /// <summary>Where the plan of a table and its parts lie.</summary>
    public static string FolderOf(string output) => ScoreJournal.FolderOf(output);

    /// <summary>The parts of a table.</summary>
    public static PartStore StoreOf(string output) => new(FolderOf(output), PartStore.Table);

    /// <summary>The plan of a table.</summary>
    /// <param name="output">The table.</param>
    /// <exception cref="ScoreException">There is none, or it cannot be read.</exception>
    public static ShardBoard Open(string output) =>
        new(output, ScorePlan.Read(FolderOf(output)) ?? throw new ScoreException($"{FolderOf(output)} has no plan of shards"));
}
