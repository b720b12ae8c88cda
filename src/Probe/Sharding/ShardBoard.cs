// Where a scoring plan stands, by its files alone: for whoever hands out its shards.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A plan and its parts, without teacher and images.</summary>
internal sealed class ShardBoard : PartBoard
{
    private readonly ScorePlan plan;

    private ShardBoard(IPlanPlace place, string output, ScorePlan plan, string sha256)
        : base(place.Parts(sha256), plan.Parts(output, sha256)) => this.plan = plan;

    /// <summary>The files and folders that its inputs come from, as they were given.</summary>
    public IEnumerable<string> Sources => plan.Sources.Select(source => source.Path).Concat(plan.Archives.Keys);

    /// <summary>Where the plan of a table and its parts lie, unless they lie in a bucket.</summary>
    public static string FolderOf(string output) => ScoreJournal.FolderOf(output);

    /// <summary>The plan of a table, beside it.</summary>
    /// <param name="output">The table.</param>
    /// <exception cref="ScoreException">There is none, or it cannot be read.</exception>
    public static ShardBoard Open(string output) => Open(ScorePlace.Beside(output), output);

    /// <summary>The plan of a table.</summary>
    /// <param name="place">Where it lies.</param>
    /// <param name="output">The table.</param>
    /// <exception cref="ScoreException">There is none, or it cannot be read.</exception>
    public static ShardBoard Open(IPlanPlace place, string output)
    {
        (ScorePlan plan, string sha256) = ScorePlan.Read(place) ?? throw new ScoreException($"{place.Name} has no plan of shards");
        return new ShardBoard(place, output, plan, sha256);
    }
}
