// Room for an output whose size is known before it is written.

namespace DataFreeKD.Core;

/// <summary>Asks the file system.</summary>
internal static class FreeSpace
{
    /// <summary>Refuses an output that does not fit where it is to be written; says nothing where the system does not tell.</summary>
    /// <param name="path">The file to write, there or not.</param>
    /// <param name="bytes">What it will take.</param>
    /// <exception cref="OutputException">There is less room.</exception>
    public static void Require(string path, long bytes)
    {
        string folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } above)
            folder = above;
        long free;
        try
        {
            free = new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return;
        }
        if (free < bytes)
            throw new OutputException(
                FormattableString.Invariant(
                    $"{path} will take {bytes / 1e6:N1} MB, and {folder} has {free / 1e6:N1} MB left; make room, or name a place that has it"
                )
            );
    }
}
