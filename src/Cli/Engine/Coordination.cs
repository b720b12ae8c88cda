// What the coordinators of all stages say and hear alike.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>What a coordinator is given.</summary>
internal static class Coordination
{
    /// <summary>The options of a coordinator.</summary>
    /// <param name="look">Looks where the run stands.</param>
    /// <param name="lease">How long a worker's shard is its own after it was heard of last.</param>
    /// <param name="note">Hears what an operator should know.</param>
    /// <param name="progress">Hears where the run stands.</param>
    public static CoordinatorOptions Of(
        Func<ShardStanding> look,
        TimeSpan lease,
        Action<string> note,
        IProgress<FleetProgress>? progress
    ) =>
        new()
        {
            Look = look,
            Lease = lease,
            Note = note,
            Progress = progress is null ? null : progress.Report,
        };

    /// <summary>Another process ended the run that is waited for.</summary>
    /// <param name="what">The run's output or folder.</param>
    public static UsageException Ended(string what) => new($"{what} was finished, or begun anew, by another process; see what is there");
}
