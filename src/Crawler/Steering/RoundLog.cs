// What a steered crawl decided, round by round, so that it can go on where it was interrupted.

using System.Text.Json;
using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Steering;

/// <summary>A part of a round.</summary>
/// <param name="Host">Whose targets.</param>
/// <param name="Page">The page that named them, or the host where the user did.</param>
/// <param name="Fetches">How many of them.</param>
internal sealed record RoundShare(string Host, string Page, int Fetches);

/// <summary>A finished round.</summary>
/// <param name="Shares">What was fetched.</param>
/// <param name="Figures">Of every image that was judged, in the order of the shares.</param>
internal sealed record SteeringRound(IReadOnlyList<RoundShare> Shares, IReadOnlyList<IReadOnlyList<double>> Figures);

/// <summary>A file of JSON lines: read up to its end first, then added to. A last line that was cut short is cut off.</summary>
internal sealed class RoundLog : IDisposable
{
    private readonly FileStream file;
    private readonly StreamReader reader;

    public RoundLog(string path)
    {
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        file.SetLength(JournalReader.WholeLines(file));
        file.Seek(0, SeekOrigin.Begin);
        reader = new StreamReader(file);
    }

    /// <summary>The next of the earlier rounds; null after the last.</summary>
    public SteeringRound? Read() =>
        reader.ReadLine() is { } line ? JsonSerializer.Deserialize(line, RoundJson.Default.SteeringRound) : null;

    /// <summary>Adds a round, durably.</summary>
    public void Add(SteeringRound round)
    {
        file.Seek(0, SeekOrigin.End);
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(round, RoundJson.Default.SteeringRound), (byte)'\n']);
        file.Flush(flushToDisk: true);
    }

    public void Dispose() => reader.Dispose();
}
