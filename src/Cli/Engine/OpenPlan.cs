// What a worker keeps loaded between the shards of one plan.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Manifests;
using DataFreeKD.Storage;

namespace DataFreeKD.Cli.Engine;

/// <summary>A plan that is open at a worker, with what was loaded for it, until a shard of another plan comes.</summary>
/// <typeparam name="T">What was loaded; disposed with the plan where it can be.</typeparam>
internal sealed class OpenPlan<T> : IDisposable
    where T : class
{
    private (string Folder, string Plan, T Loaded)? open;

    /// <summary>What is loaded for the plan of a shard.</summary>
    /// <param name="message">The shard.</param>
    /// <param name="load">Loads it. What cannot be loaded here is no fault of the shard: the coordinator opened the plan before it was
    /// queued.</param>
    /// <exception cref="ShardRefusedException">It cannot be loaded.</exception>
    public T Of(ShardMessage message, Func<T> load)
    {
        if (open is { } now && now.Folder == message.Folder && now.Plan == message.Plan)
            return now.Loaded;
        Dispose();
        try
        {
            T loaded = load();
            open = (message.Folder, message.Plan, loaded);
            return loaded;
        }
        catch (Exception not) when (not is not (OperationCanceledException or ShardRefusedException or OutOfMemoryException))
        {
            throw new ShardRefusedException(not.Message);
        }
    }

    /// <summary>Loads a plan that lies in a bucket. The place stays open for shards to come.</summary>
    /// <param name="message">A shard of the plan.</param>
    /// <param name="rows">The rows' file in an attempt.</param>
    /// <param name="load">Loads it, and has the place from then on.</param>
    public static T InBucket(ShardMessage message, string rows, Func<PartsBucket, IPlanPlace, T> load)
    {
        PartsBucket bucket = new() { Address = message.Folder };
        IPlanPlace place = bucket.Open(rows, Provenance.ToolVersion, files: null, CancellationToken.None);
        try
        {
            return load(bucket, place);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        (open?.Loaded as IDisposable)?.Dispose();
        open = null;
    }
}

/// <summary>What every stage asks of a message before it loads anything.</summary>
internal static class QueuedPlan
{
    /// <summary>Refuses options that are of another output than the one whose plan was queued.</summary>
    /// <param name="message">The shard.</param>
    /// <param name="folder">The folder of the output's plan.</param>
    /// <param name="output">The output.</param>
    public static void RequireFolder(this ShardMessage message, string folder, string output)
    {
        if (folder != message.Folder)
            throw new UsageException($"{message.Folder} holds the options of {output}");
    }

    /// <summary>Refuses a plan that was made anew since the shard was queued.</summary>
    /// <param name="message">The shard.</param>
    /// <param name="sha256">SHA-256 of the plan that is there.</param>
    public static void RequirePlan(this ShardMessage message, string sha256)
    {
        if (sha256 != message.Plan)
            throw new UsageException($"{message.Folder} has another plan than the one that was queued");
    }
}
