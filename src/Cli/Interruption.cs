// Ctrl-C and a termination signal end every verb: at once where it can leave its files in order at once, and within seconds in any case.

using System.Runtime.InteropServices;

namespace DataFreeKD.Cli;

/// <summary>Listens for SIGINT and SIGTERM while a verb runs.</summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>The exit code of a verb that does not come to its end after a signal, and how long it is waited for.</summary>
    /// <value>4 s: outputs appear whole and journals bear being cut off, so that a stage loses nothing but time.</value>
    public static (int Code, TimeSpan Grace) Ending { get; set; } = (ExitCode.Interrupted, TimeSpan.FromSeconds(4));

    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;

    public Interruption()
    {
        // A shell script starts what it puts in the background with SIGINT ignored, and .NET keeps to that; who sends one means it.
        if (!OperatingSystem.IsWindows())
            _ = Native.Signal(Native.Interrupt, Native.Default);
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Whether a signal came.</summary>
    public bool Came => source.IsCancellationRequested;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    private void Cancel(PosixSignalContext signal)
    {
        // The first one lets the stage leave its files in order; a second one kills.
        bool first = !source.IsCancellationRequested;
        signal.Cancel = first;
        if (!first)
            return;
        // A thread of its own: those of the pool may all be busy with what does not end.
        new Thread(End) { IsBackground = true }.Start();
        source.Cancel();
    }

    private static void End()
    {
        Thread.Sleep(Ending.Grace);
        Console.Error.WriteLine("interrupted");
        if (OperatingSystem.IsWindows())
            Environment.Exit(Ending.Code);
        // Not by way of the native libraries' own endings, which wait for threads that are at work.
        Native.Exit(Ending.Code);
    }

    private static class Native
    {
        public const int Interrupt = 2;

        public const nint Default = 0;

        [DllImport("libc", EntryPoint = "signal")]
        public static extern nint Signal(int signal, nint handler);

        [DllImport("libc", EntryPoint = "_exit")]
        public static extern void Exit(int code);
    }
}
