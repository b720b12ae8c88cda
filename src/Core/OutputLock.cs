// One owner an output.

using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace DataFreeKD.Core;

/// <summary>
/// Holds an output, a file or a folder, for this process: a lock on <c>.NAME.lock</c> beside it, which says who holds it. The system lets
/// go of it however the process
/// ends, so that a lock that nobody holds is taken over; it is deleted at the end. Where the folder around an output folder cannot be
/// written to, the lock lies within.
/// </summary>
internal sealed class OutputLock : IDisposable
{
    private const string Mark = "DataFreeKD output lock",
        Ending = ".lock",
        Inside = ".output" + Ending;
    private const int MostBytes = 1024,
        MostAttempts = 100;

    // As file systems have it.
    private const int LongestName = 255;

    private readonly string shown,
        output,
        path;
    private readonly IReadOnlyList<string> made;
    private readonly FileStream stream;
    private readonly bool wasThere;
    private readonly List<OutputLock> beside = [];

    private OutputLock(string shown, string output, string path, IReadOnlyList<string> made, FileStream stream)
    {
        (this.shown, this.output, this.path, this.made, this.stream) = (shown, output, path, made, stream);
        wasThere = IsThere(output);
    }

    /// <summary>Takes an output; the folder that it lies in is created where absent. A link is taken as what it leads to, so that it and
    /// its target have one owner.</summary>
    /// <param name="output">The file or folder that will be written.</param>
    /// <param name="command">What writes it, e.g. <c>score</c>; others are told.</param>
    /// <param name="beside">Files that are written with it, and that another output may have in common with it.</param>
    /// <exception cref="OutputException">Another process holds one of them, the name cannot be used, or what lies where the lock should be
    /// is no lock.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static OutputLock Take(string output, string command, params IEnumerable<string> beside)
    {
        ArgumentNullException.ThrowIfNull(beside);
        return TryTake(output, command, out string? holder, beside)
            ?? throw new OutputException($"{holder}; wait for it, or name another output");
    }

    /// <summary>The same, but null where another process holds the output or a file beside it.</summary>
    /// <param name="output">The file or folder that will be written.</param>
    /// <param name="command">What writes it.</param>
    /// <param name="holder">What is being written, and by whom; null where it was taken.</param>
    /// <param name="beside">Files that are written with it.</param>
    /// <exception cref="OutputException">The name cannot be used, or what lies where the lock should be is no lock.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static OutputLock? TryTake(string output, string command, out string? holder, params IEnumerable<string> beside)
    {
        ArgumentNullException.ThrowIfNull(beside);
        if (TakeOne(output, command, out holder) is not { } held)
            return null;
        try
        {
            foreach (string file in beside)
            {
                if (held.Holds(file))
                    continue;
                if (TakeOne(file, command, out holder) is not { } other)
                {
                    held.Dispose();
                    return null;
                }
                held.beside.Add(other);
            }
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static OutputLock? TakeOne(string output, string command, out string? holder)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (string.IsNullOrWhiteSpace(output))
            throw new OutputException("the output is empty; name a file or folder to write");
        if (output.Contains('\0', StringComparison.Ordinal))
            throw new OutputException(
                $"the output '{output.Replace("\0", "\\0", StringComparison.Ordinal)}' has a NUL in it; name a file or folder without"
            );
        string named = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)),
            full = FinalPath.Of(named);
        if (full != named && FileFacts.IsLink(named) && !IsThere(full))
            throw new OutputException($"{output} is a link to {full}, where nothing is; name that, or remove the link");
        if (FileFacts.Of(full).Type == FileType.Special)
            throw new OutputException(
                $"{output} is a pipe, a socket or a device, and cannot be replaced by a file; name a file or folder to write"
            );
        if (Encoding.UTF8.GetByteCount(Path.GetFileName(full)) is > LongestName and var bytes)
            throw new OutputException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the output's name has {bytes} bytes, and file systems take {LongestName}; give a shorter one"
                )
            );
        if (Path.GetDirectoryName(full) is not { } folder)
            return TakeAt(Path.Combine(full, Inside), output, full, command, out holder);
        string beside = Path.Combine(folder, $".{TemporaryName.Shown(Path.GetFileName(full))}{Ending}");
        Leftovers.Remove(full);
        try
        {
            return TakeAt(beside, output, full, command, out holder);
        }
        catch (IOException error) when (IsFull(error) && Leftovers.RemoveWithin(full))
        {
            return TakeAt(beside, output, full, command, out holder);
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException && Directory.Exists(full))
        {
            return TakeAt(Path.Combine(full, Inside), output, full, command, out holder);
        }
        catch (Exception gone) when (gone is DirectoryNotFoundException or FileNotFoundException)
        {
            throw new OutputException($"{output} cannot be written: {folder} takes no new files; name an output in another folder");
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new UnauthorizedAccessException(
                $"{output} cannot be written: {refused.Message} Name an output in a folder that you may write to",
                refused
            );
        }
    }

    /// <summary>Whether a file is a lock that lies within its output: it does not make a folder one in use.</summary>
    public static bool IsWithin(string path) => Path.GetFileName(path) == Inside;

    /// <summary>To be asked just before the output is put in its place: one that was not there when the lock was taken, and now is, is not
    /// replaced.</summary>
    /// <param name="overwrite">Whether it may be.</param>
    /// <exception cref="OutputException">It appeared meanwhile.</exception>
    public void RefuseAppeared(bool overwrite)
    {
        foreach (OutputLock other in beside)
            other.RefuseAppeared(overwrite);
        if (!overwrite && !wasThere && IsThere(output))
            throw new OutputException(
                $"{shown} appeared while this run was at work and is not replaced; move it away, name another output, or overwrite it"
            );
    }

    /// <summary>Lets go, and removes the lock and the empty folders that were made for it.</summary>
    public void Dispose()
    {
        foreach (OutputLock other in beside)
            other.Dispose();
        if (!stream.CanWrite)
            return;
        // Held while it is deleted: once let go, the file of this name may be another's lock. Windows deletes no file that is held, by this
        // process or by another.
        if (OperatingSystem.IsWindows())
            stream.Dispose();
        try
        {
            File.Delete(path);
            foreach (string folder in made)
                Directory.Delete(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder holds what was written, or is gone: what is left locks nothing.
        }
        finally
        {
            stream.Dispose();
        }
    }

    private bool Holds(string file) =>
        FinalPath.Of(Path.GetFullPath(file)) is var full && (full == output || beside.Any(other => other.output == full));

    // Null where another process holds it.
    private static OutputLock? TakeAt(string path, string shown, string output, string command, out string? holder)
    {
        holder = null;
        string own = string.Create(
            CultureInfo.InvariantCulture,
            $"{Mark}\n{AppDomain.CurrentDomain.FriendlyName} {command} (process {Environment.ProcessId} on {Environment.MachineName} since {DateTime.UtcNow:u})\n{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}\n"
        );
        for (int attempt = 1; ; attempt++)
        {
            if (FileFacts.Of(path).Type is FileType.Folder or FileType.Special)
                throw NoLock(path);
            IReadOnlyList<string> made;
            FileStream stream;
            try
            {
                made = MakeFolders(Path.GetDirectoryName(path)!, shown);
                stream = new FileStream(
                    path,
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None,
                    1
                );
            }
            catch (IOException error) when (IsFolderGone(error) && attempt < MostAttempts)
            {
                // A run that was refused took its folder back.
                continue;
            }
            catch (IOException error) when (IsHeld(error))
            {
                string text = Read(path);
                // Let go meanwhile.
                if (text.Length == 0 && attempt < MostAttempts && !File.Exists(path))
                    continue;
                holder = $"{shown} is being written by {Holder(text)}";
                return null;
            }
            try
            {
                byte[] before = new byte[MostBytes];
                int length = stream.ReadAtLeast(before, before.Length, throwOnEndOfStream: false);
                if (length > 0 && !Encoding.UTF8.GetString(before, 0, length).StartsWith(Mark, StringComparison.Ordinal))
                    throw NoLock(path);
                stream.SetLength(0);
                stream.Write(Encoding.UTF8.GetBytes(own));
                stream.Flush();
                // Between the opening and the lock its holder may have deleted it: then the path leads to another file, or none, and this
                // lock holds nobody off.
                if (Read(path) == own)
                    return new OutputLock(shown, output, path, made, stream);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
            stream.Dispose();
            if (attempt < MostAttempts)
                continue;
            holder = $"{shown} is being written by another process";
            return null;
        }
    }

    private static OutputException NoLock(string path) =>
        new($"{path} is in the way: it is no lock of this tool; move it away, or name another output");

    // Innermost first, as they can be removed.
    private static List<string> MakeFolders(string folder, string shown)
    {
        List<string> made = [];
        for (string? missing = folder; missing is not null && !Directory.Exists(missing); missing = Path.GetDirectoryName(missing))
        {
            if (File.Exists(missing))
                throw new OutputException($"{shown} cannot be written: {missing} is a file, not a folder; name another output");
            made.Add(missing);
        }
        Directory.CreateDirectory(folder);
        return made;
    }

    private static bool IsThere(string path) => File.Exists(path) || Directory.Exists(path);

    // EWOULDBLOCK, or Windows's sharing violation: a full disk or a read-only one is no holder.
    private static bool IsHeld(IOException error) =>
        error.HResult
        == (
            OperatingSystem.IsWindows() ? unchecked((int)0x80070020)
            : OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() ? 35
            : 11
        );

    // .NET calls the file missing, not the folder, if a third run has made the folder again by then. A folder that another run made and
    // took back while .NET was creating it "already exists" (EEXIST, or Windows's).
    private static bool IsFolderGone(IOException error) =>
        error is DirectoryNotFoundException or FileNotFoundException
        || error.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x800700B7) : 17);

    // ENOSPC or EDQUOT, or Windows's.
    private static bool IsFull(IOException error) =>
        OperatingSystem.IsWindows() ? error.HResult is unchecked((int)0x80070070) : error.HResult is 28 or 122 or 69;

    // The second line, where it is one that may be shown.
    private static string Holder(string text) =>
        text.StartsWith(Mark, StringComparison.Ordinal) && text.Split('\n') is [_, { Length: > 0 } who, ..] && !who.Any(char.IsControl)
            ? who
            : "another process";

    // What is in a lock, held or not; empty where it cannot be read. .NET would lock the file to read it, and a file handle of the system's
    // own does not.
    private static string Read(string path)
    {
        try
        {
            using SafeFileHandle handle = OperatingSystem.IsWindows()
                ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : new SafeFileHandle(Open(path, 0), ownsHandle: true);
            if (handle.IsInvalid)
                return "";
            byte[] bytes = new byte[MostBytes];
            return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(handle, bytes, 0));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
