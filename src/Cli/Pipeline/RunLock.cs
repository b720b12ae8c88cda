// One run in a folder at a time.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Holds the folder of a pipeline's outputs.</summary>
internal static class RunLock
{
    /// <summary>Takes the folder, and makes it where it is absent.</summary>
    /// <exception cref="UsageException">It is a file.</exception>
    /// <exception cref="OutputException">Another run has it.</exception>
    public static OutputLock Take(string folder)
    {
        if (File.Exists(folder))
            throw new UsageException($"{folder} is a file; name a folder for the outputs");
        OutputLock held = OutputLock.Take(folder, "run");
        Directory.CreateDirectory(folder);
        return held;
    }
}
