// Temporary files of a run.

namespace DataFreeKD.Core;

/// <summary>Makes files and folders where the system keeps temporary ones (<c>TMPDIR</c>), and names that place where it cannot be
/// used.</summary>
internal static class ScratchFolder
{
    /// <summary>A new, empty file; the caller deletes it.</summary>
    /// <exception cref="OutputException">Nothing can be written there.</exception>
    public static string NewFile() => Checked(Path.GetTempFileName);

    /// <summary>A new, empty folder; the caller deletes it.</summary>
    /// <param name="prefix">What its name begins with.</param>
    /// <exception cref="OutputException">Nothing can be written there.</exception>
    public static string NewFolder(string prefix) => Checked(() => Directory.CreateTempSubdirectory(prefix).FullName);

    private static string Checked(Func<string> make)
    {
        try
        {
            return make();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string folder = Path.GetTempPath();
            string problem =
                File.Exists(Path.TrimEndingDirectorySeparator(folder)) ? "is a file"
                : Directory.Exists(folder) ? $"cannot be written to ({error.Message})"
                : "is not there";
            throw new OutputException(
                $"the folder for temporary files, {folder}, {problem}; set {(OperatingSystem.IsWindows() ? "TMP" : "TMPDIR")} to a folder that can be written to",
                error
            );
        }
    }
}
