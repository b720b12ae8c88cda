// The model directory of a run: what may be begun in it, and where its training files lie.

using System.Text.Json;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Output;

/// <summary>Paths of a run's output.</summary>
internal sealed class RunFolder
{
    private static readonly string[] ModelFiles =
    [
        "config.json",
        "preprocessor_config.json",
        "model.safetensors",
        "README.md",
        "provenance.json",
    ];
    private static readonly string[] TrainingFiles =
    [
        "checkpoint.safetensors",
        "best.safetensors",
        "steps.txt",
        "state.json",
        "metrics.csv",
        "events.out.tfevents.dfkd",
    ];
    private static readonly string[] PruningFiles = ["state.safetensors", "shape.json", "frontier.csv", "held-out.csv", "run.json"];

    /// <summary>The images that a pruning held out, within the model directory.</summary>
    public const string PrunedHeldOut = "pruning/held-out.csv";

    private const string EmptyNote = """{"options": {}, "inputs": {}}""" + "\n";

    private HashSet<string> there = [];

    private RunFolder(string path) => Path = path;

    /// <summary>The model directory.</summary>
    public string Path { get; }

    /// <summary>Its <c>training</c> folder.</summary>
    public string Training => System.IO.Path.Combine(Path, "training");

    /// <summary>Its <c>pruning</c> folder: what a pruning leaves beside the model.</summary>
    public string Pruning => System.IO.Path.Combine(Path, "pruning");

    /// <summary>The last checkpoint.</summary>
    public string Checkpoint => System.IO.Path.Combine(Training, "checkpoint.safetensors");

    /// <summary>The weights with the best held-out score so far.</summary>
    public string Best => System.IO.Path.Combine(Training, "best.safetensors");

    /// <summary>The number of steps that was found to fill the time given.</summary>
    public string Steps => System.IO.Path.Combine(Training, "steps.txt");

    /// <summary>The options of the run in progress.</summary>
    public string State => System.IO.Path.Combine(Training, "state.json");

    /// <summary>Opens the output directory as the options allow. Overwriting removes a run's own files and nothing else.</summary>
    /// <exception cref="DistillException">Something is there and neither resume nor overwrite was asked for, or it is no run's.</exception>
    public static RunFolder Open(LoopOptions options)
    {
        RunFolder folder = Open(options.Output, options.Resume, options.Overwrite);
        Begin(folder.State);
        return folder;
    }

    /// <summary>The paths alone, for a process that writes nothing.</summary>
    public static RunFolder At(string output) => new(System.IO.Path.GetFullPath(output));

    /// <summary>The same for a run that trains nothing.</summary>
    /// <exception cref="DistillException">Something is there and neither resume nor overwrite was asked for, or it is no run's.</exception>
    public static RunFolder OpenToPrune(string output, bool resume, bool overwrite)
    {
        RunFolder folder = Open(output, resume, overwrite);
        Begin(folder.PruningNote);
        return folder;
    }

    /// <summary>Refuses what <see cref="Open(LoopOptions)"/> would refuse, before anything costs time.</summary>
    /// <exception cref="DistillException">Something is there and neither resume nor overwrite was asked for, or it is no run's.</exception>
    public static void Check(string output, bool resume, bool overwrite)
    {
        RunFolder folder = new(System.IO.Path.GetFullPath(output));
        if (File.Exists(folder.Path))
            throw new DistillException($"{output} is a file; give a directory to write the model to");
        if (!folder.Occupied)
            return;
        if (!resume && !overwrite)
            throw new DistillException(
                $"{output} already holds files; choose another directory, or pass Resume to go on or Overwrite to replace"
            )
            {
                Options = [nameof(LoopOptions.Resume), nameof(LoopOptions.Overwrite)],
            };
        if (!folder.IsOwn)
            throw new DistillException(
                $"{output} holds files and nothing that says that a run of this tool wrote them (provenance.json), so that none is replaced; choose another directory"
            );
    }

    /// <summary>To be asked before the model is written: a file of it that somebody else put there meanwhile is not replaced.</summary>
    /// <exception cref="OutputException">There is one.</exception>
    public void RefuseAppeared(bool overwrite)
    {
        if (!overwrite && ModelFiles.FirstOrDefault(name => !there.Contains(name) && File.Exists(In(name))) is { } name)
            throw new OutputException(
                $"{In(name)} appeared while this run was at work and is not replaced; move it away and go on with Resume"
            )
            {
                Options = [nameof(LoopOptions.Resume)],
            };
    }

    private static RunFolder Open(string output, bool resume, bool overwrite)
    {
        Check(output, resume, overwrite);
        RunFolder folder = new(System.IO.Path.GetFullPath(output));
        if (overwrite && folder.Occupied)
        {
            Remove(folder.Training, TrainingFiles);
            Remove(folder.Pruning, PruningFiles);
            foreach (string name in ModelFiles)
                File.Delete(folder.In(name));
        }
        Directory.CreateDirectory(folder.Path);
        folder.there = [.. ModelFiles.Where(name => File.Exists(folder.In(name)))];
        return folder;
    }

    private bool Occupied => Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any(entry => !OutputLock.IsWithin(entry));

    // A finished run has left its provenance, an interrupted one its note.
    private bool IsOwn => Provenance.IsOwnBeside(In("provenance")) || IsNote(State) || IsNote(PruningNote);

    private string PruningNote => System.IO.Path.Combine(Pruning, "run.json");

    private string In(string name) => System.IO.Path.Combine(Path, name);

    // Before anything else is written: it tells that the folder is a run's.
    private static void Begin(string note)
    {
        if (!IsNote(note))
            AtomicFile.WriteAllText(note, EmptyNote);
    }

    private static bool IsNote(string path)
    {
        if (!File.Exists(path))
            return false;
        try
        {
            using JsonDocument note = JsonDocument.Parse(File.ReadAllBytes(path));
            return note.RootElement.ValueKind == JsonValueKind.Object
                && note.RootElement.TryGetProperty("options", out _)
                && note.RootElement.TryGetProperty("inputs", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Remove(string folder, string[] names)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (string name in names)
            File.Delete(System.IO.Path.Combine(folder, name));
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }
}
