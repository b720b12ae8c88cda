// Whether the process may open as many files as its libraries are.

using System.Runtime.InteropServices;

namespace DataFreeKD.Cli;

/// <summary>Asks the system before anything else is loaded: the runtime would abort in the middle of a verb.</summary>
internal static unsafe class OpenFiles
{
    /// <summary>Libraries, sockets and files of any verb, with room.</summary>
    public const int Needed = 256;

    private const int StandardError = 2;

    /// <summary>False where the limit is too low; one line on stderr says so.</summary>
    public static bool Suffice()
    {
        if (!OperatingSystem.IsLinux())
            return true;
        ulong* limit = stackalloc ulong[2];
        // RLIMIT_NOFILE; the runtime has raised the first figure to the second already.
        if (Limit(7, limit) != 0 || limit[0] >= Needed)
            return true;
        // By hand: what formats text and what prints it are libraries too.
        byte* line = stackalloc byte[256];
        int length = 0;
        Add("error: this shell lets a program open "u8, line, ref length);
        Add(limit[0], line, ref length);
        Add(" files, and dfkd needs "u8, line, ref length);
        Add(Needed, line, ref length);
        Add("; raise the limit, e.g. ulimit -n 1024\n"u8, line, ref length);
        _ = Write(StandardError, line, length);
        return false;
    }

    private static void Add(ReadOnlySpan<byte> text, byte* line, ref int length)
    {
        foreach (byte letter in text)
            line[length++] = letter;
    }

    private static void Add(ulong number, byte* line, ref int length)
    {
        if (number > 9)
            Add(number / 10, line, ref length);
        line[length++] = (byte)('0' + (number % 10));
    }

    [DllImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Limit(int resource, ulong* limit);

    [DllImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(int file, byte* bytes, nint length);
}
