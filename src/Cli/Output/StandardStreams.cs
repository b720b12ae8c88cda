// Standard output and error that are closed or full: notes are lost, results are not lost in silence, and no run ends because of either.

using System.Runtime.InteropServices;

namespace DataFreeKD.Cli.Output;

/// <summary>Puts writers in place that bear a stream which cannot be written to.</summary>
internal static class StandardStreams
{
    private const int Out = 1,
        Error = 2;

    /// <summary>Before anything is printed.</summary>
    public static void Prepare()
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            // A closed one's number would go to the next file that is opened, and what is printed into that file. What is written to a
            // result's stream fails, and is told.
            for (int stream = 0; stream <= Error; stream++)
                if (Native.Flags(stream, Native.GetFlags) < 0)
                    Fill(stream);
        }
        // mpirun reads what its processes print by way of a terminal, to which .NET would send control codes, before the result.
        if (Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_RANK") is not null)
            Environment.SetEnvironmentVariable("TERM", "dumb");
        Console.SetOut(new BearingWriter(IsOurs(Out) ? TextWriter.Null : Console.Out, results: true, closed: IsOurs(Out)));
        Console.SetError(new BearingWriter(IsOurs(Error) ? TextWriter.Null : Console.Error, results: false, closed: false));
    }

    private static void Fill(int stream)
    {
        int filled = Native.Open("/dev/null", stream == Out ? Native.ReadOnly : Native.ReadWrite);
        if (filled < 0 || filled == stream)
            return;
        _ = Native.Duplicate(filled, stream);
        _ = Native.Close(filled);
    }

    // One that the program was started with has come over an exec; one that closes by itself at an exec was opened by the runtime, in a
    // closed one's place.
    private static bool IsOurs(int stream) =>
        (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        && Native.Flags(stream, Native.GetFlags) is > 0 and var flags
        && (flags & Native.CloseOnExec) != 0;

    private static class Native
    {
        public const int GetFlags = 1,
            CloseOnExec = 1,
            ReadOnly = 0,
            ReadWrite = 2;

        [DllImport("libc", EntryPoint = "fcntl")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Flags(int file, int command);

        [DllImport("libc", EntryPoint = "open")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "dup2")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Duplicate(int file, int place);

        [DllImport("libc", EntryPoint = "close")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Close(int file);
    }
}
