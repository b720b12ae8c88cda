// Entry point of the dfkd command.

namespace DataFreeKD.Cli;

internal static class Program
{
    // Nothing that loads a file may stand here: where file handles are few, that itself fails.
    private static Task<int> Main(string[] args) => OpenFiles.Suffice() ? Run(args) : Task.FromResult(ExitCode.BadInput);

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<int> Run(string[] args)
    {
        Output.StandardStreams.Prepare();
        if (!HasWorkingFolder())
        {
            Console.Error.WriteLine("error: the working folder was deleted; change to one that is there (cd) and run the command again");
            return ExitCode.BadInput;
        }
        return await CommandLine.RunAsync(args);
    }

    // Every path that is not absolute begins there, and native libraries fail to load without one.
    private static bool HasWorkingFolder()
    {
        try
        {
            return Directory.Exists(Directory.GetCurrentDirectory());
        }
        catch (IOException)
        {
            return false;
        }
    }
}
