// The model directory of a run: what may be begun in it, and where its training files lie.

namespace DataFreeKD.Distiller.Training;

/// <summary>Paths of a run's output.</summary>
internal sealed class RunFolder
{
    private static readonly string[] ModelFiles = ["config.json", "preprocessor_config.json", "model.safetensors", "README.md", "provenance.json"];

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
    /// <exception cref="DistillException">Something is there and neither resume nor overwrite was asked for.</exception>
    public static RunFolder Open(LoopOptions options)
    {
        RunFolder folder = Open(options.Output, options.Resume, options.Overwrite);
        Directory.CreateDirectory(folder.Training);
        return folder;
    }

    /// <summary>The same for a run that trains nothing.</summary>
    /// <exception cref="DistillException">Something is there and neither resume nor overwrite was asked for.</exception>
    public static RunFolder Open(string output, bool resume, bool overwrite)
    {
        RunFolder folder = new(System.IO.Path.GetFullPath(output));
        if (File.Exists(folder.Path)) throw new DistillException($"{output} is a file; give a directory to write the model to");
        bool occupied = Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any(entry => !OutputLock.IsWithin(entry));
        if (occupied && !resume && !overwrite)
            throw new DistillException($"{output} already holds files; choose another directory, or pass --resume to go on or --overwrite to replace");
        if (occupied && overwrite)
        {
            foreach (string own in (string[])[folder.Training, folder.Pruning])
            {
                if (Directory.Exists(own)) Directory.Delete(own, recursive: true);
            }
            foreach (string name in ModelFiles) File.Delete(System.IO.Path.Combine(folder.Path, name));
        }
        Directory.CreateDirectory(folder.Path);
        return folder;
    }
}
