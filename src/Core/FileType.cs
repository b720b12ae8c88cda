// What lies at a path, asked of the system before the file is opened: to open a pipe without a writer waits for ever.

using System.Runtime.InteropServices;

namespace DataFreeKD.Core;

/// <summary>The kinds of thing that a path may lead to.</summary>
internal enum FileType
{
    /// <summary>Nothing, or a link to nothing.</summary>
    Missing,

    /// <summary>A folder on the way may not be entered.</summary>
    Forbidden,

    /// <summary>A file with bytes of its own.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a socket or a device.</summary>
    Special,
}

/// <summary>The kind, and what tells one file from all others on the machine.</summary>
internal readonly record struct FileFacts(FileType Type, string Identity)
{
    /// <summary>Asks; links are followed.</summary>
    public static FileFacts Of(string path)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            try
            {
                return OperatingSystem.IsLinux() ? Linux(path) : MacOs(path);
            }
            catch (EntryPointNotFoundException)
            {
                // A C library without the call: what follows tells files from folders, but no pipe from a file.
            }
        }
        FileType type =
            Directory.Exists(path) ? FileType.Folder
            : File.Exists(path) ? FileType.Regular
            : FileType.Missing;
        return new FileFacts(
            type,
            type == FileType.Folder
                ? new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path)
                : ""
        );
    }

    /// <summary>Whether the path itself is a symbolic link.</summary>
    public static bool IsLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget is not null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private const int TypeMask = 0xF000,
        Directory16 = 0x4000,
        Regular16 = 0x8000;

    // `struct statx` is the same on every processor: the mode at byte 28, the inode at 32, the device's two numbers at 136.
    private static unsafe FileFacts Linux(string path)
    {
        const int currentFolder = -100;
        const uint typeAndInode = 0x1 | 0x100;
        byte* facts = stackalloc byte[256];
        if (Native.StatX(currentFolder, path, 0, typeAndInode, facts) != 0)
            return Failed(Marshal.GetLastPInvokeError());
        return new FileFacts(
            TypeOf(*(ushort*)(facts + 28)),
            FormattableString.Invariant($"{*(uint*)(facts + 136)}:{*(uint*)(facts + 140)}:{*(ulong*)(facts + 32)}")
        );
    }

    // `struct stat` of macOS: the device at byte 0, the mode at 4, the inode at 8.
    private static unsafe FileFacts MacOs(string path)
    {
        byte* facts = stackalloc byte[256];
        int result =
            RuntimeInformation.ProcessArchitecture == Architecture.X64 ? Native.StatInode64(path, facts) : Native.Stat(path, facts);
        if (result != 0)
            return Failed(Marshal.GetLastPInvokeError());
        return new FileFacts(TypeOf(*(ushort*)(facts + 4)), FormattableString.Invariant($"{*(int*)facts}:{*(ulong*)(facts + 8)}"));
    }

    private static FileFacts Failed(int error)
    {
        const int permissionDenied = 13;
        return new FileFacts(error == permissionDenied ? FileType.Forbidden : FileType.Missing, "");
    }

    private static FileType TypeOf(ushort mode) =>
        (mode & TypeMask) switch
        {
            Directory16 => FileType.Folder,
            Regular16 => FileType.Regular,
            _ => FileType.Special,
        };

    private static unsafe class Native
    {
        [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
        public static extern int StatX(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte* facts);

        [DllImport("libc", EntryPoint = "stat", SetLastError = true)]
        public static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte* facts);

        [DllImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
        public static extern int StatInode64([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte* facts);
    }
}
