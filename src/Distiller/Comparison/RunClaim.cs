// Which process does which run of a comparison.

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Holds one run for this process, as a lock on a file beside its record; the system lets go of it however the process ends.</summary>
internal static class RunClaim
{
    /// <summary>Takes the run, or tells that another process has it.</summary>
    /// <param name="record">The run's record, present or not.</param>
    /// <returns>To be disposed when the run is done; null where another process holds it.</returns>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written to.</exception>
    public static IDisposable? TryTake(string record)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(record)!);
        try
        {
            return new FileStream(record + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException held) when (held is not DirectoryNotFoundException)
        {
            return null;
        }
    }
}
