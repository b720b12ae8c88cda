// Fingerprints of what stages read and leave, each taken once a run.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Remembers until told that a stage has written.</summary>
internal sealed class Fingerprints(string output)
{
    private readonly Dictionary<string, string?> known = new(StringComparer.Ordinal);

    /// <summary>Of a stage's inputs, by key; empty for one that is not there.</summary>
    public Dictionary<string, string> Inputs(Stage stage, CancellationToken cancel) =>
        stage.Inputs.ToDictionary(input => input.Key, input => Of(input.Path, cancel) ?? "", StringComparer.Ordinal);

    /// <summary>Of a stage's outputs, by path in the run's folder; those that are not there are left out.</summary>
    public Dictionary<string, string> Outputs(Stage stage, CancellationToken cancel) =>
        stage
            .Proofs.Select(path => (path, print: Of(path, cancel)))
            .Where(pair => pair.print is not null)
            .ToDictionary(pair => Path.GetRelativePath(output, pair.path), pair => pair.print!, StringComparer.Ordinal);

    /// <summary>Forgets a stage's outputs.</summary>
    public void Forget(Stage stage)
    {
        foreach (string path in stage.Proofs)
            known.Remove(path);
    }

    private string? Of(string path, CancellationToken cancel)
    {
        if (!known.TryGetValue(path, out string? found))
            known[path] = found = Fingerprint.Of(path, cancel);
        return found;
    }
}
