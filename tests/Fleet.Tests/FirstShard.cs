// The message that a coordinator would queue for the first shard of a plan.

namespace DataFreeKD.Fleet.Tests;

internal static class FirstShard
{
    public static ShardMessage Of(string stage, string folder, string plan, string version, string profile) =>
        new()
        {
            Stage = stage,
            Run = "run",
            Folder = folder,
            Plan = plan,
            Shard = 0,
            Attempt = 0,
            Version = version,
            Profile = profile,
        };
}
