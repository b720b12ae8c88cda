// Entry point of the dfkd command.

namespace DataFreeKD.Cli;

internal static class Program
{
    // Nothing that loads a file may stand here: where file handles are few, that itself fails.
    private static int Main(string[] args) => OpenFiles.Suffice() ? Run(args) : ExitCode.BadInput;

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static int Run(string[] args)
    {
        Output.StandardStreams.Prepare();
        return CommandLine.RunAsync(args).GetAwaiter().GetResult();
    }
}
