// What is known of hosts, on disk: whoever takes a partition over begins with the pace and the robots.txt files that the one before had.

using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Records of hosts and of origins' files. One process writes, to a file of its own; those of processes before it are read first,
/// in the order of their names, and the last word on a host counts.</summary>
internal sealed class HostMemory : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, HostRecord> hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<(OriginFileKind, string), OriginFile> files = [];
    private readonly Dictionary<string, HostState> changed = new(StringComparer.Ordinal);
    private readonly FileStream own;
    private readonly string brought;
    private readonly int level;
    private long written = Stopwatch.GetTimestamp();

    /// <param name="before">Files of processes before this one.</param>
    /// <param name="path">The file of this process.</param>
    /// <param name="brought">The folder of origins' files that lay at hosts of other partitions.</param>
    /// <param name="level">The level of the crawl: a host that was given up is asked again in the next.</param>
    public HostMemory(IEnumerable<string> before, string path, string brought, int level)
    {
        (this.brought, this.level) = (brought, level);
        foreach (string line in before.SelectMany(file => File.ReadLines(file)))
            Take(line);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        own = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1 << 16);
    }

    /// <summary>Gives a host what is known of it.</summary>
    public void Restore(HostState host)
    {
        lock (gate)
        {
            if (!hosts.TryGetValue(host.Name, out HostRecord? known))
                return;
            host.Pace.Restore(known.Pace);
            host.Proven = known.Proven;
            if (known.Level == level)
                (host.Breaks, host.GivenUp) = (known.Breaks, known.GivenUp);
            host.Cool(known.NotBefore - DateTimeOffset.UtcNow);
        }
    }

    /// <summary>Says that a host's pace changed. Called under the scheduler's lock, which guards the host.</summary>
    public void Changed(HostState host)
    {
        lock (gate)
        {
            changed[host.Name] = host;
            if (Stopwatch.GetElapsedTime(written) < Period)
                return;
            Write();
        }
    }

    /// <summary>An origin's file, by this partition or brought from another; null where it was not asked for yet.</summary>
    public OriginFile? Find(OriginFileKind kind, string origin)
    {
        lock (gate)
        {
            if (files.TryGetValue((kind, origin), out OriginFile? file))
                return file;
            string path = PathOf(kind, origin);
            if (!File.Exists(path))
                return null;
            return files[(kind, origin)] = JsonSerializer.Deserialize(File.ReadAllBytes(path), HostJson.Default.OriginFile)!;
        }
    }

    /// <summary>Keeps an origin's file for this partition.</summary>
    public void Keep(OriginFileKind kind, string origin, OriginFile file)
    {
        lock (gate)
        {
            files[(kind, origin)] = file;
            Append(
                new HostLine
                {
                    Kind = kind,
                    Origin = origin,
                    File = file,
                }
            );
            own.Flush();
        }
    }

    /// <summary>Keeps an origin's file for the partition that the origin belongs to.</summary>
    public void Bring(OriginFileKind kind, string origin, OriginFile file)
    {
        Directory.CreateDirectory(brought);
        AtomicFile.WriteAllBytes(PathOf(kind, origin), JsonSerializer.SerializeToUtf8Bytes(file, HostJson.Default.OriginFile));
    }

    public void Dispose()
    {
        lock (gate)
        {
            Write();
            own.Dispose();
        }
    }

    private void Write()
    {
        foreach (HostState host in changed.Values)
        {
            DateTimeOffset free = DateTimeOffset.UtcNow + TimeSpan.FromMilliseconds(host.NotBefore - Environment.TickCount64);
            HostRecord record = new(host.Name, host.Pace.Record, free, host.Proven, level, host.Breaks, host.GivenUp);
            hosts[host.Name] = record;
            Append(new HostLine { Host = record });
        }
        changed.Clear();
        own.Flush();
        written = Stopwatch.GetTimestamp();
    }

    private void Append(HostLine line)
    {
        own.Write(JsonSerializer.SerializeToUtf8Bytes(line, HostJson.Default.HostLine));
        own.WriteByte((byte)'\n');
    }

    // A line that was cut short is one that was not written.
    private void Take(string line)
    {
        HostLine? read;
        try
        {
            read = JsonSerializer.Deserialize(line, HostJson.Default.HostLine);
        }
        catch (JsonException)
        {
            return;
        }
        if (read?.Host is { } host)
            hosts[host.Host] = host;
        if (read is { Origin: { } origin, File: { } file })
            files[(read.Kind, origin)] = file;
    }

    private string PathOf(OriginFileKind kind, string origin) => Path.Combine(brought, $"{TextKey.Of($"{kind} {origin}"):x32}.json");
}

/// <summary>What is known of a host.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Pace">Its pace.</param>
/// <param name="NotBefore">When it may be asked again.</param>
/// <param name="Proven">Whether it has ever answered.</param>
/// <param name="Level">The level of the crawl.</param>
/// <param name="Breaks">Times the circuit breaker has opened.</param>
/// <param name="GivenUp">Why nothing more is asked at all.</param>
internal sealed record HostRecord(
    string Host,
    PaceRecord Pace,
    DateTimeOffset NotBefore,
    bool Proven,
    int Level,
    int Breaks,
    string? GivenUp
);

/// <summary>A line of the memory: a host, or a file of an origin.</summary>
internal sealed record HostLine
{
    public HostRecord? Host { get; init; }

    public OriginFileKind Kind { get; init; }

    public string? Origin { get; init; }

    public OriginFile? File { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(HostLine))]
[JsonSerializable(typeof(OriginFile))]
internal sealed partial class HostJson : JsonSerializerContext;
