// Which native libraries a process has mapped (Linux).

using System.Diagnostics;

namespace DataFreeKD.EndToEnd.Tests;

/// <summary>Watches a process's memory maps while it lives.</summary>
internal static class ProcessMaps
{
    /// <summary>File names of all libraries seen in the process until it ended, and how often it was looked at.</summary>
    public static (HashSet<string> Libraries, int Looks, int Code) Watch(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            error = process.StandardError.ReadToEndAsync();
        HashSet<string> libraries = new(StringComparer.Ordinal);
        int looks = 0;
        while (!process.HasExited)
        {
            try
            {
                foreach (string line in File.ReadLines($"/proc/{process.Id}/maps"))
                {
                    int slash = line.IndexOf('/', StringComparison.Ordinal);
                    if (slash >= 0)
                        libraries.Add(Path.GetFileName(line[slash..]));
                }
                looks++;
            }
            catch (IOException)
            {
                // The process ended between the two lines.
            }
            Thread.Sleep(2);
        }
        Task.WaitAll(output, error);
        return (libraries, looks, process.ExitCode);
    }
}
