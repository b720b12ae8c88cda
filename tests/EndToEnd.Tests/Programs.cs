// Runs the built programs as a user's shell would.

using System.Diagnostics;

namespace DataFreeKD.EndToEnd.Tests;

/// <summary>What a finished program left.</summary>
internal sealed record Finished(int Code, string Output, string Error)
{
    /// <summary>Fails with everything the program said unless it ended well.</summary>
    public Finished Succeeds()
    {
        Assert.True(Code == 0, $"exit code {Code}\n{Output}\n{Error}");
        return this;
    }

    /// <summary>Fails unless the program refused its input with exit code 2 and one line; gives the line.</summary>
    public string Refuses()
    {
        Assert.True(Code == 2, $"exit code {Code} where 2 was expected\n{Output}\n{Error}");
        Assert.Empty(Output);
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        return line;
    }
}

/// <summary>The programs of this build.</summary>
internal static class Programs
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Debug or Release, as this test was built.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The dfkd executable in the command's own output folder.</summary>
    public static string Dfkd { get; } = Path.Combine(Root, "src", "Cli", "bin", Configuration, "net10.0", Executable("dfkd"));

    /// <summary>Runs <c>dfkd</c> to its end.</summary>
    public static Finished RunDfkd(params string[] args) => Run(Dfkd, args);

    /// <summary>Runs <c>dfkd</c> to its end on a standard input.</summary>
    public static Finished RunDfkdOn(string input, params string[] args) => End(Start(Dfkd, input, args), args);

    /// <summary>Runs the program that draws the world.</summary>
    public static Finished DrawWorld(params string[] args) => RunSample("ProceduralWorld", args);

    /// <summary>Runs a program of <c>samples/</c> to its end.</summary>
    public static Finished RunSample(string name, params string[] args) => Run(Sample(name), args);

    /// <summary>A program of <c>samples/</c>.</summary>
    public static string Sample(string name) =>
        Path.Combine(Root, "samples", name, "bin", Configuration, "net10.0", Executable($"DataFreeKD.{name}"));

    /// <summary>Runs a program to its end.</summary>
    public static Finished Run(string program, params string[] args) => End(Start(program, args), args);

    /// <summary>Starts a program without waiting; its streams must be read.</summary>
    public static Process Start(string program, params string[] args) => Start(program, null, args);

    private static Process Start(string program, string? input, string[] args)
    {
        ProcessStartInfo start = new(program, args)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
        };
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        if (input is null)
            return process;
        using (process.StandardInput)
            process.StandardInput.Write(input);
        return process;
    }

    private static Finished End(Process started, string[] args)
    {
        using Process process = started;
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(4)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{Path.GetFileName(process.StartInfo.FileName)} {string.Join(' ', args)} did not end in 4 minutes");
        }
        return new(process.ExitCode, output.Result, error.Result);
    }

    private static string Executable(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DataFreeKD.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"no DataFreeKD.sln above {AppContext.BaseDirectory}");
    }
}
