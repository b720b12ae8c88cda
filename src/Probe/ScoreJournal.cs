// What an interrupted run leaves behind: finished segments of rows, each a whole file, in <output>.parts/.

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Probe.Sharding;
using DataFreeKD.Probe.Teachers;

namespace DataFreeKD.Probe;

/// <summary>Finished segments of a run. A segment is a whole number of batches, so that a resumed run forms the same batches and ends
/// byte-identical.</summary>
internal sealed partial class ScoreJournal
{
    private readonly string output;
    private readonly string folder;
    private readonly IReadOnlyList<string> columns;
    private int next;

    public ScoreJournal(
        ScoreOptions options,
        TeacherPass teacher,
        IReadOnlyList<string> columns,
        CancellationToken cancel,
        string? folder = null
    )
    {
        output = options.Output;
        this.folder = folder ??= FolderOf(options.Output);
        this.columns = columns;
        string fingerprint = FingerprintOf(options, teacher, columns, cancel);
        string note = Path.Combine(folder, Note);
        if (options.Resume && File.Exists(note))
        {
            string before = JsonSerializer.Deserialize<string>(File.ReadAllText(note)) ?? "";
            if (before != fingerprint)
                throw new ScoreException(
                    $"{folder}: the interrupted run had another version, another teacher, other inputs or other options; repeat it with those, or start over with Overwrite"
                )
                {
                    Options = [nameof(ScoreOptions.Overwrite)],
                };
            while (File.Exists(Segment(next)))
            {
                using TableReader reader = Table.Open(Segment(next++));
                Done += reader.Rows(cancel).LongCount();
            }
            return;
        }
        Remove();
        Claim(folder, fingerprint);
    }

    /// <summary>Where a table's finished rows are kept until it is whole.</summary>
    public static string FolderOf(string output) => output + ".parts";

    /// <summary>Refuses a folder of the journal's name with anything in it that no journal writes: it would be deleted.</summary>
    /// <exception cref="ScoreException">There is such a folder, or a file of its name.</exception>
    public static void RefuseForeign(string output)
    {
        string folder = FolderOf(output);
        if (File.Exists(folder))
            throw new ScoreException($"{folder} is a file where finished rows are kept; move it away, or name another output");
        if (!Directory.Exists(folder))
            return;
        string[] names = [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)!)];
        string? foreign = Array.Find(names, name =>
            Directory.Exists(Path.Combine(folder, name)) ? name != ShardAttempts.Name : !OwnName().IsMatch(name)
        );
        // Names alone do not make files ours: a journal's first file is its note, and its last one.
        if (foreign is null && !IsOwn(Path.Combine(folder, Note)))
            foreign = Array.Find(names, name => !name.EndsWith(".tmp", StringComparison.Ordinal));
        if (foreign is not null)
            throw new ScoreException($"{folder} holds {foreign}, which no scoring run wrote; move the folder away, or name another output");
    }

    /// <summary>Makes a folder this tool's, before anything else lies in it.</summary>
    public static void Claim(string folder, string fingerprint) =>
        AtomicFile.WriteAllText(Path.Combine(folder, Note), JsonSerializer.Serialize(fingerprint));

    private const string Note = "run.json";

    // Longer than any fingerprint.
    private const int LongestNote = 256;

    private static bool IsOwn(string note) =>
        new FileInfo(note) is { Exists: true, Length: < LongestNote } && OwnNote().IsMatch(File.ReadAllText(note));

    [GeneratedRegex(
        @"\A(?:[0-9]{8}\.csv(?:\.f32)?|[0-9]{8}\.(?:part|f32|json|failed\.csv|failed\.f32)|run\.json|plan\.json|job\.json|failed\.json|react-clip\.json|intact\.zip|cascade\.json|cascade\.zip|sample\.csv|\..+\.tmp)\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex OwnName();

    // The fingerprint.
    [GeneratedRegex("\\A\"[0-9a-f]{64}\"\\s*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex OwnNote();

    /// <summary>Rows in finished segments.</summary>
    public long Done { get; private set; }

    /// <summary>A number that the rows depend on: what an interrupted run found, else what is found now.</summary>
    public double Remember(string name, Func<double> find)
    {
        string note = Path.Combine(folder, name + ".json");
        if (File.Exists(note))
            return JsonSerializer.Deserialize<double>(File.ReadAllText(note));
        double found = find();
        if (double.IsFinite(found))
            AtomicFile.WriteAllText(note, JsonSerializer.Serialize(found));
        return found;
    }

    /// <summary>A file that the rows depend on: what an interrupted run made, else what is made now.</summary>
    public string Remember(string name, Action<string> make)
    {
        string file = FileOf(name);
        if (!File.Exists(file))
            make(file);
        return file;
    }

    /// <summary>A file that lives as long as the interrupted run's rows.</summary>
    public string FileOf(string name) => Path.Combine(folder, name);

    /// <summary>Passes over the inputs whose rows are finished, and checks that they are still the same.</summary>
    /// <exception cref="ScoreException">An input came, went or moved since the interruption (while enumerating).</exception>
    public IEnumerable<ScoreInput> Left(IEnumerable<ScoreInput> inputs) => Left(inputs, next);

    /// <summary>The finished rows again, each with its embedding where those are kept.</summary>
    /// <param name="width">Numbers of an embedding; 0 where none is kept.</param>
    /// <param name="cancel">Ends the enumeration.</param>
    public IEnumerable<(IReadOnlyList<string> Fields, float[]? Embedding)> ReadBack(int width, CancellationToken cancel)
    {
        for (int segment = 0; segment < next; segment++)
        {
            // Those kept unasked end where they would take too much.
            using FileStream? embeddings =
                width > 0 && File.Exists(Segment(segment) + ".f32") ? File.OpenRead(Segment(segment) + ".f32") : null;
            using TableReader reader = Table.Open(Segment(segment));
            foreach (TableRow row in reader.Rows(cancel))
            {
                float[]? embedding = embeddings is null ? null : new float[width];
                embeddings?.ReadExactly(MemoryMarshal.AsBytes(embedding.AsSpan()));
                yield return (row.Fields, embedding);
            }
        }
    }

    /// <summary>Adds a finished segment; embeddings first, since the rows mark it finished.</summary>
    public void Add(IReadOnlyList<string?[]> rows, IReadOnlyList<float[]>? embeddings)
    {
        if (embeddings is not null)
        {
            using AtomicFile file = new(Segment(next) + ".f32");
            foreach (float[] row in embeddings)
                file.Stream.Write(MemoryMarshal.AsBytes(row.AsSpan()));
            file.Commit();
        }
        using TableWriter writer = Table.Create(Segment(next), columns);
        foreach (string?[] row in rows)
            writer.Write(row);
        writer.Commit();
        next++;
        Done += rows.Count;
    }

    /// <summary>The segments, to be joined.</summary>
    public FinishedRows Finished =>
        new(
            folder,
            columns,
            [.. Enumerable.Range(0, next).Select(Segment)],
            [.. Enumerable.Range(0, next).Select(segment => Segment(segment) + ".f32")],
            Done
        );

    /// <summary>Removes the segments, once everything final is on disk.</summary>
    public void Remove() => Remove(folder);

    /// <summary>Removes what journals and plans write in a folder, the note last, and the folder where nothing else is in it.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        // First: without a plan, processes that are still at a shard see that there is nothing left to do.
        File.Delete(ScorePlan.PathIn(folder));
        new ShardAttempts(folder).RemoveAll();
        foreach (
            string file in Directory
                .EnumerateFiles(folder)
                .Where(file => Path.GetFileName(file) is not Note and var name && OwnName().IsMatch(name))
                .ToArray()
        )
            File.Delete(file);
        File.Delete(Path.Combine(folder, Note));
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private IEnumerable<ScoreInput> Left(IEnumerable<ScoreInput> inputs, int segments)
    {
        using IEnumerator<string> finished = FinishedPaths(segments).GetEnumerator();
        bool passing = true;
        foreach (ScoreInput input in inputs)
        {
            passing = passing && finished.MoveNext();
            if (!passing)
                yield return input;
            else if (finished.Current != input.TablePath(output))
                throw Changed(finished.Current);
        }
        if (passing && finished.MoveNext())
            throw Changed(finished.Current);
    }

    private IEnumerable<string> FinishedPaths(int segments)
    {
        for (int segment = 0; segment < segments; segment++)
        {
            using TableReader reader = Table.Open(Segment(segment));
            int path = reader.Header.Require("path");
            while (reader.Read())
                yield return reader.Text(path);
        }
    }

    private ScoreException Changed(string path) =>
        new(
            $"{folder}: the images changed since the interruption, first at '{path}'; put them back as they were, or start over with Overwrite"
        )
        {
            Options = [nameof(ScoreOptions.Overwrite)],
        };

    private string Segment(int number) => Path.Combine(folder, $"{number:D8}.csv");

    // Where and how fast, and what stands in the fingerprint by what it comes to.
    private static readonly string[] Apart =
    [
        nameof(ScoreOptions.Output),
        nameof(ScoreOptions.Resume),
        nameof(ScoreOptions.Overwrite),
        nameof(ScoreOptions.Workers),
        nameof(ScoreOptions.Parts),
        nameof(ScoreOptions.EmbeddingsPath),
        nameof(ScoreOptions.KeepEmbeddings),
        nameof(ScoreOptions.Teacher),
        nameof(ScoreOptions.Sources),
        nameof(ScoreOptions.Blocks),
        nameof(ScoreOptions.BatchSize),
        nameof(ScoreOptions.Views),
        nameof(ScoreOptions.Cascade),
        nameof(ScoreOptions.CascadeModelPath),
        nameof(ScoreOptions.CopyModelPath),
    ];

    /// <summary>Options as a plan records them, by name.</summary>
    public static IReadOnlyDictionary<string, string> Recorded(ScoreOptions options) =>
        OptionsText.Given(
            [nameof(options.Output), nameof(options.Resume), nameof(options.Overwrite), nameof(options.Workers), nameof(options.Parts)],
            options
        );

    /// <summary>SHA-256 of a teacher's files.</summary>
    public static IReadOnlyList<string> HashesOf(string teacher, CancellationToken cancel) =>
        [.. ITeacherNetwork.FilesOf(teacher).Select(file => Provenance.HashFile(file, cancel))];

    /// <summary>What an image's figures depend on beside the image, as a hash: tool, instructions, teacher, options and columns.</summary>
    public static string FiguresBy(
        ScoreOptions options,
        TeacherPass teacher,
        IReadOnlyList<string> columns,
        string instructions,
        CancellationToken cancel
    ) => FingerprintOf(options with { Sources = [] }, teacher, [.. columns, instructions], cancel);

    /// <summary>Everything but the images that the rows depend on: the columns stand for the blocks and for what tables carry.</summary>
    public static string FingerprintOf(ScoreOptions options, TeacherPass teacher, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        string text = string.Join(
            '\n',
            [
                Provenance.ToolVersion,
                .. HashesOf(options.Teacher, cancel),
                teacher.ReadValues,
                JsonSerializer.Serialize(teacher.Transform),
                JsonSerializer.Serialize(teacher.ClassNames),
                JsonSerializer.Serialize(columns),
                $"{teacher.BatchSize} {teacher.Views} {options.EmbeddingsPath is not null || options.KeepEmbeddings}",
                options.Cascade is { } cascade
                    ? $"cascade {cascade.Budget} {cascade.Keep} {cascade.Sample} {cascade.Ranking.Name} {cascade.Pruning?.Tokens} {cascade.Pruning?.Name}"
                    : "",
                options.CascadeModelPath is { } known ? $"cascade {Provenance.HashFile(known, cancel)}" : "",
                options.CopyModelPath is { } model ? Provenance.HashFile(model, cancel) : "",
                .. OptionsText.Without(Apart, options).Select(option => $"{option.Key} {option.Value}"),
                .. options.Sources.Select(ManifestPath.Full),
            ]
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
