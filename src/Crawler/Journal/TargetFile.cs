// Targets in a file, a line each.

using System.Text;
using System.Text.Json;
using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Journal;

internal static class TargetFile
{
    /// <summary>Writes targets, whole or not at all.</summary>
    public static void Write(string path, IEnumerable<WebTarget> targets)
    {
        using AtomicFile file = new(path);
        foreach (WebTarget target in targets)
            file.Stream.Write(Line(target));
        file.Commit();
    }

    /// <summary>A target's line, with its end.</summary>
    public static byte[] Line(WebTarget target) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(target, TargetJson.Default.WebTarget), (byte)'\n'];

    /// <summary>Reads them.</summary>
    public static IEnumerable<WebTarget> Read(string path)
    {
        foreach (string line in File.ReadLines(path, Encoding.UTF8))
            yield return JsonSerializer.Deserialize(line, TargetJson.Default.WebTarget)!;
    }
}
