// What made a table: written beside it as <name>.json, so that a run can be explained and repeated.

using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DataFreeKD.Manifests;

/// <summary>Provenance of one output.</summary>
internal sealed record Provenance
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of this toolkit, for <see cref="Version"/>.</summary>
    public static string ToolVersion { get; } =
        typeof(Provenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Tool version.</summary>
    public required string Version { get; init; }

    /// <summary>The verb: <c>score</c>, <c>select</c>, ...</summary>
    public required string Command { get; init; }

    /// <summary>Options in force, by long name.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>The seed; null where nothing is random.</summary>
    public long? Seed { get; init; }

    /// <summary>SHA-256 (lower-case hex) of every input file, by path.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>Rows by status, or by <c>status/reason</c>.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>();

    /// <summary>Wall seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Names of the files that were written in this folder, the output first; null where the output is the folder, or the version
    /// earlier than 0.1.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }

    /// <summary>Where a table's provenance lies: <c>&lt;tablePath without extension&gt;.json</c>.</summary>
    public static string PathBeside(string tablePath) => Path.ChangeExtension(Path.TrimEndingDirectorySeparator(tablePath), ".json");

    /// <summary>Writes it atomically to <see cref="PathBeside"/>, with <see cref="Outputs"/>: the table, and those of the files beside it
    /// that are there.</summary>
    /// <param name="tablePath">The table; what is no file is not named.</param>
    /// <param name="beside">Files of the same folder; others are left out.</param>
    public void WriteBeside(string tablePath, params IEnumerable<string> beside) =>
        Write(
            tablePath,
            this with
            {
                Outputs =
                    File.Exists(tablePath) || Folders.TableFolder.Fits(tablePath)
                        ? [.. Names(tablePath, beside.Where(File.Exists)).Prepend(Path.GetFileName(tablePath)).Distinct()]
                        : null,
            }
        );

    /// <summary>Names files in the provenance before they are written, so that they are known as this tool's also where the run is killed
    /// before its end.</summary>
    /// <param name="tablePath">The table.</param>
    /// <param name="command">The verb.</param>
    /// <param name="beside">Files that will be written beside it.</param>
    /// <exception cref="TableException">What lies there is no provenance.</exception>
    public static void Claim(string tablePath, string command, params IEnumerable<string> beside)
    {
        Provenance made = ReadBeside(tablePath) ?? new Provenance { Version = ToolVersion, Command = command };
        string[] names = [Path.GetFileName(tablePath), .. Names(tablePath, beside)];
        if (made.Outputs is { } known && names.All(known.Contains))
            return;
        Write(tablePath, made with { Outputs = [.. names.Union(made.Outputs ?? [])] });
    }

    /// <summary>Reads it back; null where absent.</summary>
    /// <exception cref="TableException">The file is there but is not a provenance.</exception>
    public static Provenance? ReadBeside(string tablePath)
    {
        string path = PathBeside(tablePath);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<Provenance>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException problem)
        {
            throw new TableException(
                $"{path} is not the provenance of {Path.GetFileName(tablePath)}: {problem.Message} Move it away or run the stage again",
                problem
            );
        }
    }

    /// <summary>
    /// Refuses a table beside whose name lies what would be written over and is not its own: a file of the provenance's name that is no
    /// provenance, the provenance of
    /// another output, a file beside it that no provenance names.
    /// </summary>
    /// <param name="tablePath">The table.</param>
    /// <param name="overwrite">Whether the provenance of another output may be replaced.</param>
    /// <param name="beside">Files that are written, or removed, beside it.</param>
    /// <exception cref="TableException">There is such a file.</exception>
    public static void RefuseForeign(string tablePath, bool overwrite, params IEnumerable<string> beside)
    {
        ArgumentNullException.ThrowIfNull(beside);
        Provenance? made = OwnBeside(tablePath);
        if (made is not null && !overwrite && OtherOutput(made, tablePath) is { } other)
            throw new TableException(
                $"{PathBeside(tablePath)} is the provenance of {other}, and that of {Path.GetFileName(tablePath)} would replace it; name another output, or overwrite"
            );
        foreach (string file in beside)
        {
            if (Directory.Exists(file))
                throw new TableException(
                    $"{file} is a folder where a file beside {Path.GetFileName(tablePath)} is written; move it away, or name another output"
                );
            if (File.Exists(file) && !(made?.Wrote(tablePath, file) ?? false))
                throw new TableException(
                    $"{file} is not this tool's, by {Path.GetFileName(PathBeside(tablePath))}, and writing {Path.GetFileName(tablePath)} would replace or remove it; move it away, or name another output"
                );
        }
    }

    /// <summary>Whether a provenance of this tool lies beside a table.</summary>
    public static bool IsOwnBeside(string tablePath)
    {
        try
        {
            return OwnBeside(tablePath) is not null;
        }
        catch (TableException)
        {
            return false;
        }
    }

    // Other tools' files may have a version and a command too.
    private static readonly string[] Verbs = ["crawl", "score", "select", "pack", "cache", "prune", "distill", "train", "compare"];

    private static Provenance? OwnBeside(string tablePath)
    {
        string path = PathBeside(tablePath);
        if (Directory.Exists(path))
            throw new TableException(
                $"{path} is a folder where the provenance of {Path.GetFileName(tablePath)} is written; move it away, or name another output"
            );
        try
        {
            if (!File.Exists(path))
                return null;
            if (ReadBeside(tablePath) is { } made && Verbs.Contains(made.Command.Split(' ')[0]))
                return made;
        }
        catch (TableException)
        {
            // Told below: what is to be done differs from a provenance that is to be read.
        }
        throw new TableException(
            $"{path} is not this tool's, and the provenance of {Path.GetFileName(tablePath)} would replace it; move it away, or name another output"
        );
    }

    // The output that a provenance is of, where it is another one and still there; earlier versions did not name it.
    private static string? OtherOutput(Provenance made, string tablePath)
    {
        string name = Path.GetFileName(tablePath),
            folder = Path.GetDirectoryName(Path.GetFullPath(tablePath))!;
        IEnumerable<string> of =
            made.Outputs is { Count: > 0 } outputs ? outputs.Take(1)
            : File.Exists(tablePath) ? []
            : TableLike.Select(extension => Path.ChangeExtension(name, extension));
        return of.FirstOrDefault(other => other != name && File.Exists(Path.Combine(folder, other)));
    }

    private static readonly string[] TableLike = [".csv", ".parquet", ".cache", ".txt"];

    // Earlier versions named embeddings among the options, and nothing else.
    private bool Wrote(string tablePath, string file) =>
        Outputs is { } outputs
            ? Names(tablePath, [file]).Any(outputs.Contains)
            : IsBeside(tablePath, file)
                && (!file.EndsWith(".npy", StringComparison.Ordinal) || Options.Values.Contains(Path.GetFileName(file)));

    private static void Write(string tablePath, Provenance made) =>
        AtomicFile.WriteAllText(PathBeside(tablePath), JsonSerializer.Serialize(made, Json) + "\n");

    private static IEnumerable<string> Names(string tablePath, IEnumerable<string> files) =>
        files.Where(file => IsBeside(tablePath, file)).Select(file => Path.GetFileName(file)!);

    private static bool IsBeside(string tablePath, string file) =>
        Path.GetDirectoryName(Path.GetFullPath(file)) == Path.GetDirectoryName(Path.GetFullPath(tablePath));

    /// <summary>SHA-256 of a file as lower-case hex, streamed; of a table folder that of its index, which has those of its
    /// parts.</summary>
    public static string HashFile(string path, CancellationToken cancel = default)
    {
        if (Folders.TableFolder.Fits(path))
            path = Folders.TableFolder.IndexOf(path);
        else
            Folders.TableFolder.RefuseUnfinished(path);
        return FileHash.Of(path, cancel);
    }
}
