// A second name for a file, given only where nothing has that name yet: of several who try at once, one succeeds.

using System.Runtime.InteropServices;

namespace DataFreeKD.Core;

/// <summary>Puts a finished file in its place, unless another process was first. <see cref="File.Move(string, string)"/> looks and then
/// renames, so that two may both believe to have been first; the system's <c>link</c> is one step, on network file systems too.</summary>
internal static class HardLink
{
    // EEXIST, or Windows's ERROR_ALREADY_EXISTS and ERROR_FILE_EXISTS.
    private const int Exists = 17,
        AlreadyExists = 183,
        FileExists = 80;

    /// <summary>Gives <paramref name="file"/> the further name <paramref name="name"/>.</summary>
    /// <param name="file">A file that is there, on the same file system.</param>
    /// <param name="name">The new name.</param>
    /// <returns>False where something has that name already.</returns>
    /// <exception cref="FileNotFoundException">The file, or the folder of the name, is gone.</exception>
    /// <exception cref="IOException">The system refuses, as file systems without hard links do.</exception>
    public static bool TryCreate(string file, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentException.ThrowIfNullOrEmpty(name);
        bool windows = OperatingSystem.IsWindows();
        if (windows ? CreateHardLink(name, file, 0) : Link(file, name) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        if (windows ? error is AlreadyExists or FileExists : error == Exists)
            return false;
        if (!File.Exists(file) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(name))))
            throw new FileNotFoundException($"{file} cannot be put in place as {name}: it, or the folder, is gone", file);
        throw new IOException(
            $"{file} cannot be put in place as {name}: {Marshal.GetPInvokeErrorMessage(error)}; shards need a file system with hard links"
        );
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, CharSet = CharSet.Unicode, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool CreateHardLink(string name, string file, nint attributes);
}
