// Temporary files of writers that were killed.

using System.Collections.Concurrent;

namespace DataFreeKD.Core;

/// <summary>Removes what is left of earlier writers of a target, and leaves alone what may still be written.</summary>
internal static class Leftovers
{
    // Locks may not reach across machines: what another one wrote is left over only when it is old.
    private static readonly TimeSpan OtherHosts = TimeSpan.FromDays(1);

    // A folder is listed once a process: image stores write hundreds of thousands of files into a few.
    private static readonly ConcurrentDictionary<string, ILookup<string, string>> Listed = new(StringComparer.Ordinal);

    /// <summary>Removes those of one target. A file that is locked, or cannot be removed, stays.</summary>
    public static void Remove(string target)
    {
        string folder = Path.GetDirectoryName(target)!;
        foreach (string leftover in Listed.GetOrAdd(folder, Find)[TemporaryName.Shown(Path.GetFileName(target))])
            Remove(leftover, TemporaryName.Read(Path.GetFileName(leftover))!.Value.Host);
    }

    /// <summary>Removes those of every target in an output's folder: a killed run may have filled the disk with them.</summary>
    /// <returns>Whether there were any.</returns>
    public static bool RemoveWithin(string folder)
    {
        if (!Directory.Exists(folder))
            return false;
        EnumerationOptions all = new()
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        bool any = false;
        foreach (string file in Directory.EnumerateFiles(folder, ".*.tmp", all).ToArray())
        {
            if (TemporaryName.Read(Path.GetFileName(file)) is not { Host: var host })
                continue;
            Remove(file, host);
            any |= !File.Exists(file);
        }
        return any;
    }

    private static ILookup<string, string> Find(string folder)
    {
        try
        {
            return Directory
                .EnumerateFiles(folder, ".*.tmp")
                .Select(path => (Path: path, Name: TemporaryName.Read(System.IO.Path.GetFileName(path))))
                .Where(file => file.Name is not null)
                .ToLookup(file => file.Name!.Value.Target, file => file.Path, StringComparer.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that may be written to and not listed: nothing is removed.
            return Array.Empty<(string Target, string Path)>().ToLookup(file => file.Target, file => file.Path, StringComparer.Ordinal);
        }
    }

    private static void Remove(string path, string host)
    {
        try
        {
            if (!File.Exists(path))
                return;
            if (host != TemporaryName.Host && DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < OtherHosts)
                return;
            // Opens only where no writer holds it.
            using FileStream alone = new(
                path,
                FileMode.Open,
                FileAccess.ReadWrite,
                OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None,
                1
            );
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Still written, or another process removed it first.
        }
    }
}
