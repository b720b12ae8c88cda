// One file as a verb's output: taken before the work, and refused where something is there.

using System.CommandLine;

namespace DataFreeKD.Cli.Verbs;

/// <summary>The lock of a verb that writes one file.</summary>
internal static class OutputPicture
{
    /// <summary>Takes it.</summary>
    /// <param name="path">The file, whose name the verb has checked.</param>
    /// <param name="command">The verb.</param>
    /// <param name="parsed">Says whether an earlier one may be replaced.</param>
    /// <exception cref="UsageException">A folder is there, or a file that is not to be replaced.</exception>
    /// <exception cref="OutputException">Another process is writing it.</exception>
    public static OutputLock Take(string path, string command, ParseResult parsed)
    {
        OutputLock held = OutputLock.Take(path, command);
        string? problem =
            Directory.Exists(path) ? $"{path} is a folder; name a file"
            : File.Exists(path) && !parsed.GetValue(CommonOptions.Overwrite) ? $"{path} exists; name another output or give --overwrite"
            : null;
        if (problem is null)
            return held;
        held.Dispose();
        throw new UsageException(problem);
    }
}
