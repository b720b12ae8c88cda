// One run in a folder at a time.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Holds the folder; the system lets go of it however the process ends.</summary>
internal static class RunLock
{
    /// <summary>Takes the folder, and makes it where it is absent.</summary>
    /// <exception cref="UsageException">Another run has it.</exception>
    public static IDisposable Take(string folder)
    {
        if (File.Exists(folder)) throw new UsageException($"{folder} is a file; name a folder for the outputs");
        Directory.CreateDirectory(folder);
        try
        {
            // Never deleted: a lock on a file that has lost its name holds nobody off.
            return new FileStream(Path.Combine(folder, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException held) when (held is not DirectoryNotFoundException)
        {
            throw new UsageException($"another run is at work in {folder}; wait for it, or name another folder");
        }
    }
}
