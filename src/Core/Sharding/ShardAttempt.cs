// One process at one shard, in a folder of its own that no other process knows the name of.

namespace DataFreeKD.Core.Sharding;

/// <summary>The folder <c>attempts/SHARD.RANDOM/</c>. It is removed at the end, unless <see cref="Fail"/> says what was wrong: a folder
/// that a killed process leaves counts against the shard.</summary>
internal class ShardAttempt : IDisposable
{
    /// <summary>The first file of an attempt, which is held as long as its process lives.</summary>
    public const string StartedName = "started.json";

    /// <summary>The file that says how it failed.</summary>
    public const string FailedName = "failed.json";

    private const int MostTurns = 8;

    private readonly FileStream held;
    private bool settled;

    /// <param name="attempts">Where attempts lie.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="version">Version of the tool.</param>
    public ShardAttempt(ShardAttempts attempts, int shard, string version)
    {
        for (int turn = 1; ; turn++)
        {
            Name = AttemptLog.NewName(shard);
            Folder = Path.Combine(attempts.Folder, Name);
            Directory.CreateDirectory(Folder);
            try
            {
                // Held as long as the process lives, which is how others tell an attempt that was killed.
                held = new FileStream(Path.Combine(Folder, StartedName), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
                break;
            }
            catch (IOException) when (turn < MostTurns && File.Exists(Path.Combine(Folder, StartedName)))
            {
                // Whoever looked whether it is held had it open for that moment.
                ShardAttempts.Remove(Folder);
            }
        }
        held.Write(ShardJson.Bytes(new Started(Environment.MachineName, Environment.ProcessId, version, DateTime.UtcNow)));
        held.Flush(flushToDisk: true);
    }

    /// <summary>The folder's name.</summary>
    public string Name { get; }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Keeps the folder, with what was wrong.</summary>
    public void Fail(Failure failure)
    {
        ShardJson.Write(Path.Combine(Folder, FailedName), failure);
        settled = true;
    }

    public void Dispose()
    {
        held.Dispose();
        if (!settled)
            ShardAttempts.Remove(Folder);
        GC.SuppressFinalize(this);
    }

    /// <summary>How the attempt of a folder failed; null where its process is still at work, or it never began. A process that was killed
    /// leaves no message.</summary>
    public static Failure? FailureOf(string folder)
    {
        string started = Path.Combine(folder, StartedName);
        if (ShardJson.Read<Failure>(Path.Combine(folder, FailedName)) is { } told)
            return told;
        try
        {
            using FileStream free = new(started, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (Exception) when (!File.Exists(started))
        {
            return null;
        }
        catch (IOException)
        {
            // Held: at work.
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            // Of another user, and not to be looked into: it counts, as where there are no locks.
        }
        return AttemptLog.Killed(ShardJson.Read<Started>(started));
    }
}
