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

    /// <summary>The last checkpoint.</summary>
    public string Checkpoint => System.IO.Path.Combine(Training, "checkpoint.safetensors");

    /// <summary>The options of the run in progress.</summary>
    public string State => System.IO.Path.Combine(Training, "state.json");

    /// <summary>Opens the output directory as the options allow. Overwriting removes a run's own files and nothing else.</summary>
    /// <exception cref="RunException">Something is there and neither resume nor overwrite was asked for.</exception>
    public static RunFolder Open(LoopOptions options)
    {
        RunFolder folder = new(System.IO.Path.GetFullPath(options.Output));
        if (File.Exists(folder.Path)) throw new RunException($"{options.Output} is a file; give a directory to write the model to");
        bool occupied = Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any();
        if (occupied && !options.Resume && !options.Overwrite)
            throw new RunException($"{options.Output} already holds files; choose another directory, or pass --resume to go on or --overwrite to replace");
        if (occupied && options.Overwrite)
        {
            if (Directory.Exists(folder.Training)) Directory.Delete(folder.Training, recursive: true);
            foreach (string name in ModelFiles) File.Delete(System.IO.Path.Combine(folder.Path, name));
        }
        Directory.CreateDirectory(folder.Training);
        return folder;
    }
}
