// A round: what every partition fetches before any may go on with what others found for it.

using System.Globalization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Sharding;

/// <summary>The record of a round, <c>round.json</c>.</summary>
internal sealed record CrawlRound
{
    /// <summary>What stands for a crawl that is finished.</summary>
    public static CrawlRound Over { get; } =
        new()
        {
            Number = -1,
            Level = 0,
            Left = 0,
            Partitions = new Dictionary<int, long>(),
            End = true,
        };

    /// <summary>From 0.</summary>
    public required int Number { get; init; }

    /// <summary>How many links deep its targets are.</summary>
    public required int Level { get; init; }

    /// <summary>Fetches that are left after it, where they are limited.</summary>
    public required long Left { get; init; }

    /// <summary>Targets by partition; partitions without any are left out.</summary>
    public required IReadOnlyDictionary<int, long> Partitions { get; init; }

    /// <summary>Whether nothing is left to fetch; such a round has no targets.</summary>
    public bool End { get; init; }
}

/// <summary>What a finished partition of a round says of itself.</summary>
/// <param name="Rows">Targets that came to their end.</param>
/// <param name="Moved">Targets that go on in another partition.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="Host">The machine.</param>
/// <param name="Version">Version of the tool.</param>
/// <param name="Seconds">Wall seconds of that process.</param>
internal sealed record RoundNote(long Rows, long Moved, string Attempt, string Host, string Version, double Seconds);

/// <summary>The folders <c>rounds/NNNNN</c> beside a plan.</summary>
/// <param name="plan">The folder of the plan.</param>
internal sealed class CrawlRounds(string plan)
{
    /// <summary>The folder of rounds.</summary>
    public const string Name = "rounds";

    private const string Record = "round.json";

    private string Folder => Path.Combine(plan, Name);

    /// <summary>The folder of a round.</summary>
    public string PathOf(int round) => Path.Combine(Folder, round.ToString("D5", CultureInfo.InvariantCulture));

    /// <summary>The file of a round's record.</summary>
    public string RecordOf(int round) => Path.Combine(PathOf(round), Record);

    /// <summary>The record of a round; null where it was not begun.</summary>
    /// <exception cref="CrawlException">It cannot be read.</exception>
    public CrawlRound? Read(int round)
    {
        try
        {
            return ShardJson.ReadStrictly<CrawlRound>(RecordOf(round));
        }
        catch (System.Text.Json.JsonException broken)
        {
            throw new CrawlException(
                $"{RecordOf(round)} cannot be read as the round of a crawl: {broken.Message}; delete {plan} to crawl from the start"
            );
        }
    }

    /// <summary>All rounds so far.</summary>
    public IEnumerable<CrawlRound> All()
    {
        for (int round = 0; Read(round) is { } record; round++)
            yield return record;
    }

    /// <summary>The targets of a partition.</summary>
    public IEnumerable<WebTarget> Targets(int round, int partition) => TargetFile.Read(TargetsOf(PathOf(round), partition));

    /// <summary>The note of a partition.</summary>
    public string NoteOf(int round, int partition) => Path.Combine(PathOf(round), $"{Number(partition)}.json");

    /// <summary>The journals of a partition, in the order of the attempts.</summary>
    public IReadOnlyList<string> Journals(int round, int partition) => Files(Path.Combine(PathOf(round), "journals"), partition);

    /// <summary>The journal of one more attempt.</summary>
    public string NewJournal(int round, int partition, int before) => NewFile(Path.Combine(PathOf(round), "journals"), partition, before);

    /// <summary>The journals of all partitions.</summary>
    public IReadOnlyList<string> AllJournals(CrawlRound round) =>
        [.. round.Partitions.Keys.Order().SelectMany(partition => Journals(round.Number, partition))];

    /// <summary>Files of a partition, by attempt.</summary>
    public static IReadOnlyList<string> Files(string folder, int partition) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, $"{Number(partition)}.*.jsonl").Order(StringComparer.Ordinal)] : [];

    /// <summary>A file of one more attempt, which no other process has the name of.</summary>
    public static string NewFile(string folder, int partition, int before)
    {
        Directory.CreateDirectory(folder);
        return Path.Combine(
            folder,
            string.Create(CultureInfo.InvariantCulture, $"{Number(partition)}.{before:D6}.{Guid.NewGuid():N}.jsonl")
        );
    }

    /// <summary>Begins a round, unless another process was first.</summary>
    /// <param name="round">Its record, but for the partitions.</param>
    /// <param name="targets">Its targets, with their partitions.</param>
    public void Begin(CrawlRound round, IEnumerable<(int Partition, WebTarget Target)> targets)
    {
        string own = Path.Combine(Folder, $".{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(Path.Combine(own, "targets"));
        SortedDictionary<int, long> counts = [];
        Dictionary<int, MemoryStream> waiting = [];
        foreach ((int partition, WebTarget target) in targets)
        {
            counts[partition] = counts.GetValueOrDefault(partition) + 1;
            if (!waiting.TryGetValue(partition, out MemoryStream? lines))
                waiting[partition] = lines = new MemoryStream();
            lines.Write(TargetFile.Line(target));
            if (lines.Length > 32 << 10)
                Append(own, partition, lines, last: false);
        }
        foreach ((int partition, MemoryStream lines) in waiting)
            Append(own, partition, lines, last: true);
        ShardJson.Write(Path.Combine(own, Record), round with { Partitions = counts });
        try
        {
            Directory.Move(own, PathOf(round.Number));
        }
        catch (IOException) when (Directory.Exists(PathOf(round.Number)))
        {
            // Another process was first, with the same: rounds are functions of those before them.
            Directory.Delete(own, recursive: true);
        }
    }

    // Thousands of files are not held open.
    private static void Append(string folder, int partition, MemoryStream lines, bool last)
    {
        using FileStream file = new(TargetsOf(folder, partition), FileMode.Append, FileAccess.Write, FileShare.None, 1);
        lines.WriteTo(file);
        if (last)
            file.Flush(flushToDisk: true);
        lines.SetLength(0);
    }

    private static string TargetsOf(string folder, int partition) => Path.Combine(folder, "targets", $"{Number(partition)}.jsonl");

    private static string Number(int partition) => partition.ToString("D8", CultureInfo.InvariantCulture);
}
