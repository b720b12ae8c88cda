// The folder of a crawl that is under way: its plan, its targets, its journals; gone when the crawl is done.

using System.Globalization;
using System.Text.Json;
using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Journal;

/// <summary><c>store/.crawl</c>. One crawl at a time works in a store.</summary>
internal sealed class CrawlState : IDisposable
{
    private readonly string folder;
    private readonly FileStream onlyOne;

    /// <summary>Begins, or goes on with what an interrupted crawl left.</summary>
    /// <param name="store">The store's folder.</param>
    /// <param name="plan">What makes two crawls the same.</param>
    /// <exception cref="CrawlException">Another crawl is at work there, or the interrupted one had another plan.</exception>
    public CrawlState(string store, IReadOnlyDictionary<string, string> plan)
    {
        folder = Path.Combine(store, ".crawl");
        RefuseForeign();
        Directory.CreateDirectory(folder);
        try
        {
            onlyOne = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(Path.Combine(folder, "lock")))
        {
            throw new CrawlException($"another crawl is at work in {store}; wait for it, or give another store");
        }
        string path = Path.Combine(folder, "plan.json");
        Resumed = File.Exists(path);
        if (!Resumed)
        {
            AtomicFile.WriteAllBytes(
                path,
                JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>(plan), JournalJson.Default.DictionaryStringString)
            );
            return;
        }
        Dictionary<string, string> before = ReadPlan(path);
        string? other = plan.Keys.Union(before.Keys).FirstOrDefault(key => plan.GetValueOrDefault(key) != before.GetValueOrDefault(key));
        if (other is null)
            return;
        onlyOne.Dispose();
        throw new CrawlException(
            $"{store} holds an interrupted crawl with another '{other}'; finish it with the same sources and options, or delete {folder}"
        );
    }

    /// <summary>Whether an interrupted crawl goes on.</summary>
    public bool Resumed { get; }

    /// <summary>Scratch for targets that wait.</summary>
    public string Spill => Path.Combine(folder, "spill");

    /// <summary>Scratch for large bodies under way.</summary>
    public string Scratch => folder;

    /// <summary>Scratch for what a steered crawl may still fetch.</summary>
    public string Frontier => Path.Combine(folder, "frontier");

    /// <summary>The rounds of a steered crawl.</summary>
    public string Rounds => Path.Combine(folder, "rounds.jsonl");

    /// <summary>A list that came by standard input, kept so that it can be read again.</summary>
    public string StandardInput => Path.Combine(folder, "stdin.txt");

    /// <summary>The folder of archives on their way.</summary>
    public string Archives => Directory.CreateDirectory(Path.Combine(folder, "archives")).FullName;

    /// <summary>The rows of an archive's members.</summary>
    public string Members(long archive) => Path.Combine(Archives, string.Create(CultureInfo.InvariantCulture, $"{archive}.jsonl"));

    /// <summary>The listing of a bucket, by the place of its source.</summary>
    public string Listing(int source) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"bucket-{source}.jsonl"));

    public string Journal(int level) => Path.Combine(folder, $"journal-{level}.jsonl");

    /// <summary>Whether the targets of a level have been written.</summary>
    public bool HasTargets(int level) => File.Exists(Targets(level));

    /// <summary>Writes the targets of a level, whole or not at all.</summary>
    public void WriteTargets(int level, IEnumerable<WebTarget> targets) => TargetFile.Write(Targets(level), targets);

    /// <summary>The targets of a level.</summary>
    public IEnumerable<WebTarget> ReadTargets(int level) => TargetFile.Read(Targets(level));

    // The plan is a crawl's first file: it is deleted with the folder when the crawl is done.
    private void RefuseForeign()
    {
        if (File.Exists(folder))
            throw new CrawlException($"{folder} is a file where a crawl keeps what it is at; move it away, or give another store");
        if (!Directory.Exists(folder) || File.Exists(Path.Combine(folder, "plan.json")))
            return;
        if (
            Directory
                .EnumerateFileSystemEntries(folder)
                .FirstOrDefault(entry => Path.GetFileName(entry) != "lock" && !AtomicFile.IsTemporary(entry)) is
            { } foreign
        )
            throw new CrawlException(
                $"{folder} holds {Path.GetFileName(foreign)}, which no crawl wrote; move the folder away, or give another store"
            );
    }

    /// <summary>The crawl is done: nothing of it is needed any more.</summary>
    public void Finish()
    {
        onlyOne.Dispose();
        // The plan last: a folder without one is nobody's.
        foreach (string part in Directory.EnumerateDirectories(folder))
            Directory.Delete(part, recursive: true);
        foreach (string file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != "plan.json").ToArray())
            File.Delete(file);
        Directory.Delete(folder, recursive: true);
    }

    private Dictionary<string, string> ReadPlan(string path)
    {
        try
        {
            if (JsonSerializer.Deserialize(File.ReadAllBytes(path), JournalJson.Default.DictionaryStringString) is { } plan)
                return plan;
        }
        catch (JsonException)
        {
            // Told below.
        }
        onlyOne.Dispose();
        throw new CrawlException($"{path} is no plan of an interrupted crawl; delete {folder} where it is one's, else give another store");
    }

    public void Dispose() => onlyOne.Dispose();

    private string Targets(int level) => Path.Combine(folder, $"targets-{level}.jsonl");
}
