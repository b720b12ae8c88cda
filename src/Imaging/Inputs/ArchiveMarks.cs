// The marks of archives that the rows of a table name, each asked for once.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Gives paths of tables the mark that <see cref="ImageInputs.Read"/> gives them, and reads nothing.</summary>
/// <param name="cancel">Stops.</param>
internal sealed class ArchiveMarks(CancellationToken cancel)
{
    private readonly Dictionary<string, string?> known = new(StringComparer.Ordinal);

    /// <summary>The input of a path, without its content. Objects that are images themselves have no mark: they may be many.</summary>
    /// <exception cref="Storage.StorageException">The service cannot be asked.</exception>
    public ImageInput Placed(string path)
    {
        if (!ImageInputs.IsInBucket(path) || !InputNames.TrySplit(path, out string archive, out _))
            return new ImageInput(path, null, null);
        if (!known.TryGetValue(archive, out string? mark))
            known.Add(archive, mark = new InputFile(archive, cancel: cancel).Mark);
        return new ImageInput(path, null, null) { Mark = mark };
    }
}
