// Everything that may still be fetched, by source: a crawl that is steered takes from any source at any time.

using System.Text.Json;
using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Steering;

/// <summary>First in, first out for every page of every host. The targets lie on disk; sixteen bytes each say where. Scratch: nothing of it
/// outlives the run.</summary>
internal sealed class Frontier(string path) : IDisposable
{
    private readonly FileStream file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
    private readonly List<Entry> entries = [];
    private readonly Dictionary<string, Host> hosts = new(StringComparer.Ordinal);

    /// <summary>The hosts in the order in which they were first seen.</summary>
    public IReadOnlyList<SourceOffer> Hosts => [.. hosts.Select(host => new SourceOffer(host.Key, host.Value.Waiting))];

    /// <summary>The pages of a host on which something was found that waits; the host itself stands for what the user named.</summary>
    public IReadOnlyList<SourceOffer> PagesOf(string host) =>
        [.. hosts[host].Pages.Select(page => new SourceOffer(page.Key, page.Value.Waiting))];

    /// <summary>Adds a target.</summary>
    /// <param name="host">Who is to be thanked if it is useful.</param>
    /// <param name="page">The page that named it, or the host where the user did.</param>
    /// <param name="target">The target.</param>
    public void Add(string host, string page, WebTarget target)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(target, TargetJson.Default.WebTarget);
        file.Seek(0, SeekOrigin.End);
        entries.Add(new Entry(file.Position, bytes.Length));
        file.Write(bytes);

        if (!hosts.TryGetValue(host, out Host? of))
            hosts[host] = of = new Host();
        if (!of.Pages.TryGetValue(page, out Line? line))
            of.Pages[page] = line = new Line();
        int added = entries.Count - 1;
        if (line.Waiting == 0)
            line.First = added;
        else
            entries[line.Last] = entries[line.Last] with { Next = added };
        line.Last = added;
        line.Waiting++;
        of.Waiting++;
    }

    /// <summary>Takes the oldest targets of a page.</summary>
    public IEnumerable<WebTarget> Take(string host, string page, int count)
    {
        Host of = hosts[host];
        Line line = of.Pages[page];
        for (; count > 0; count--)
        {
            Entry entry = entries[line.First];
            byte[] bytes = new byte[entry.Length];
            file.Seek(entry.Offset, SeekOrigin.Begin);
            file.ReadExactly(bytes);
            line.First = entry.Next;
            of.Waiting--;
            if (--line.Waiting == 0)
                of.Pages.Remove(page);
            yield return JsonSerializer.Deserialize(bytes, TargetJson.Default.WebTarget)!;
        }
    }

    public void Dispose() => file.Dispose();

    private readonly record struct Entry(long Offset, int Length, int Next = -1);

    private sealed class Host
    {
        public int Waiting { get; set; }

        public Dictionary<string, Line> Pages { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Line
    {
        public int First { get; set; }

        public int Last { get; set; }

        public int Waiting { get; set; }
    }
}
