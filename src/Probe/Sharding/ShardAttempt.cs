// One process at one shard, in a folder of its own that no other process knows the name of.

using System.Globalization;

namespace DataFreeKD.Probe.Sharding;

/// <summary>What became of a finished attempt.</summary>
internal enum AttemptOutcome
{
    /// <summary>It is the part.</summary>
    First,

    /// <summary>Another one was first, with the same bytes.</summary>
    Same,
}

/// <summary>Rows are written into <c>attempts/SHARD.RANDOM/</c>; <see cref="Commit"/> makes them the part. Without that the folder is
/// removed, unless <see cref="Fail"/> says what was wrong: a folder that a killed process leaves counts against the shard.</summary>
internal sealed class ShardAttempt : IDisposable
{
    private const string StartedName = "started.json",
        FailedName = "failed.json",
        PartName = "part.json";

    private const int MostTurns = 8;

    private readonly PartStore store;
    private readonly int shard;
    private readonly FileStream held;
    private bool settled;

    public ShardAttempt(PartStore store, int shard)
    {
        (this.store, this.shard) = (store, shard);
        for (int turn = 1; ; turn++)
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.{Guid.NewGuid():N}");
            Folder = Path.Combine(store.Attempts, Name);
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
                PartStore.RemoveAttempt(Folder);
            }
        }
        held.Write(
            PartJson.Bytes(new Started(Environment.MachineName, Environment.ProcessId, Manifests.Provenance.ToolVersion, DateTime.UtcNow))
        );
        held.Flush(flushToDisk: true);
    }

    /// <summary>The folder's name.</summary>
    public string Name { get; }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Where the rows are written.</summary>
    public string Rows => RowsIn(Folder);

    /// <summary>Where the embeddings are written.</summary>
    public string Vectors => VectorsIn(Folder);

    public static string RowsIn(string folder) => Path.Combine(folder, "rows.csv");

    public static string VectorsIn(string folder) => Path.Combine(folder, "rows.f32");

    /// <summary>Makes it the part, unless another attempt was first.</summary>
    /// <exception cref="ShardException">Another one was, with other bytes.</exception>
    public AttemptOutcome Commit(Part part)
    {
        string own = Path.Combine(Folder, PartName);
        PartJson.Write(own, part);
        if (!HardLink.TryCreate(own, store.NoteOf(shard)) && store.Read(shard) is { } first && first.Attempt != Name)
        {
            if (!first.HoldsSameAs(part))
            {
                string message =
                    $"shard {shard}: {part.Host} ({Name}) computed other bytes than {first.Host} ({first.Attempt}) before: {part.Isa} and {first.Isa}, numerics {part.Numerics}; see whether the machines, the images or the memory differ, then give --resume to compute it again";
                Fail(new Failure(message, Lasting: true, Conflict: true));
                throw new ShardException(ShardProblem.Conflict, message);
            }
            // The first may have been killed before its rows were in place: the same bytes are as good.
            store.Place(shard, Folder);
            return AttemptOutcome.Same;
        }
        store.Place(shard, Folder);
        return AttemptOutcome.First;
    }

    /// <summary>Keeps the folder, with what was wrong.</summary>
    public void Fail(Failure failure)
    {
        PartJson.Write(Path.Combine(Folder, FailedName), failure);
        settled = true;
    }

    public void Dispose()
    {
        held.Dispose();
        if (!settled)
            PartStore.RemoveAttempt(Folder);
    }

    /// <summary>How the attempt of a folder failed; null where its process is still at work, or it never began. A process that was killed
    /// leaves no message.</summary>
    public static Failure? FailureOf(string folder)
    {
        string started = Path.Combine(folder, StartedName);
        if (PartJson.Read<Failure>(Path.Combine(folder, FailedName)) is { } told)
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
        string who = PartJson.Read<Started>(started) is { } by
            ? string.Create(CultureInfo.InvariantCulture, $"the process {by.Process} on {by.Host} that began at {by.Since:u}")
            : "its process";
        return new Failure($"{who} ended without a result, killed or crashed", Lasting: false);
    }
}
