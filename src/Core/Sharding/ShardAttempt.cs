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

    /// <summary>The file in which an attempt that mostly waits says how much it has in hand, eight bytes.</summary>
    public const string WorkName = "work";

    private const int MostTurns = 8;

    private readonly FileStream held;
    private readonly Lock writing = new();
    private FileStream? work;
    private long inHand;
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
        held.Write(
            ShardJson.Bytes(
                new Started(Environment.MachineName, Environment.ProcessId, version, DateTime.UtcNow, attempts.ProgressOf(shard))
            )
        );
        held.Flush(flushToDisk: true);
    }

    /// <summary>The folder's name.</summary>
    public string Name { get; }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>From now on the attempt says when it works and when it only waits: what it is killed at while it waits is hardly at
    /// fault.</summary>
    public void BeginToWait()
    {
        work = new FileStream(Path.Combine(Folder, WorkName), FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0);
        Tell(0);
    }

    /// <summary>Until it is disposed, the attempt is at something that may end its process. On any thread.</summary>
    public IDisposable Working()
    {
        Tell(1);
        return new Ending(this);
    }

    /// <summary>Keeps the folder, with what was wrong.</summary>
    public void Fail(Failure failure)
    {
        ShardJson.Write(Path.Combine(Folder, FailedName), failure);
        settled = true;
    }

    public void Dispose()
    {
        lock (writing)
        {
            work?.Dispose();
            work = null;
        }
        held.Dispose();
        if (!settled)
            ShardAttempts.Remove(Folder);
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether an attempt said itself how it failed.</summary>
    public static bool HasTold(string folder) => File.Exists(Path.Combine(folder, FailedName));

    /// <summary>How far the shard had come when an attempt began; null where that is not known.</summary>
    public static string? ProgressOf(string folder) => ShardJson.Read<Started>(Path.Combine(folder, StartedName))?.Progress;

    /// <summary>Whether an attempt that ended had nothing in hand.</summary>
    public static bool WasWaiting(string folder)
    {
        FileInfo file = new(Path.Combine(folder, WorkName));
        return file is { Exists: true, Length: sizeof(long) } && File.ReadAllBytes(file.FullName).All(one => one == 0);
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

    private void Tell(int change)
    {
        lock (writing)
        {
            if (work is null)
                return;
            inHand += change;
            // It need not reach the disk: a process that is killed leaves it with the system.
            RandomAccess.Write(work.SafeFileHandle, BitConverter.GetBytes(inHand), 0);
        }
    }

    private sealed class Ending(ShardAttempt attempt) : IDisposable
    {
        private int ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
                attempt.Tell(-1);
        }
    }
}
