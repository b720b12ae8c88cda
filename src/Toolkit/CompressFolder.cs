// The folder of a compression: what lies where, and which options it belongs to.

using System.Text.Json;

namespace DataFreeKD.Toolkit;

/// <summary>The outputs of one set of options.</summary>
internal sealed class CompressFolder
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly string path;

    private CompressFolder(string path) => this.path = path;

    public string Store => In("store");

    public string Scores => In("scores.csv");

    public string Selection => In("selected.csv");

    public string Pruned => In("pruned");

    public string Trained => In("student");

    public string Report => In("report.html");

    /// <summary>A directory whose weights are written: they are written last.</summary>
    public static bool IsModel(string directory) => File.Exists(Path.Combine(directory, "model.safetensors"));

    /// <summary>Takes a new or empty folder, or one of the same options.</summary>
    /// <exception cref="CompressException">The folder holds something else.</exception>
    public static CompressFolder Open(CompressOptions options)
    {
        CompressFolder folder = new(Path.GetFullPath(options.Output));
        SortedDictionary<string, string> now = Deciding(options);
        string record = folder.In("compress.json");
        if (File.Exists(record))
        {
            SortedDictionary<string, string> then = Read(record);
            string? changed = now.Keys.Union(then.Keys).FirstOrDefault(key => now.GetValueOrDefault(key) != then.GetValueOrDefault(key));
            if (changed is not null)
                throw new CompressException(
                    $"{folder.path} was made with {changed} '{then.GetValueOrDefault(changed)}', not '{now.GetValueOrDefault(changed)}': give the same options to go on, or another folder"
                );
            return folder;
        }
        if (Directory.Exists(folder.path) && Directory.EnumerateFileSystemEntries(folder.path).Any(entry => !OutputLock.IsWithin(entry)))
            throw new CompressException($"{folder.path} holds files that no compression of this library left; name a new or empty folder");
        Directory.CreateDirectory(folder.path);
        AtomicFile.WriteAllText(record, JsonSerializer.Serialize(now, Json) + "\n");
        return folder;
    }

    private static SortedDictionary<string, string> Read(string record)
    {
        try
        {
            return JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(record)) ?? [];
        }
        catch (JsonException broken)
        {
            throw new CompressException($"{record} cannot be read ({broken.Message}); name another folder", broken);
        }
    }

    // Where it computes does not decide the result.
    private static SortedDictionary<string, string> Deciding(CompressOptions options)
    {
        SortedDictionary<string, string> deciding = OptionsText.Without([nameof(options.Output), nameof(options.Device)], options);
        deciding["teacher"] = Path.GetFullPath(options.Teacher);
        deciding["sources"] = string.Join(
            '\n',
            options.Sources.Select(source => source.Contains("://", StringComparison.Ordinal) ? source : Path.GetFullPath(source))
        );
        return deciding;
    }

    private string In(string name) => Path.Combine(path, name);
}
