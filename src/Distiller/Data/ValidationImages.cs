// Images that measure a run and are never trained on.

using DataFreeKD.Distiller.Output;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Data;

/// <summary>Where they are.</summary>
/// <param name="Paths">Absolute paths.</param>
/// <param name="Table">The file that lists them; null for a folder or an archive.</param>
internal sealed record ValidationImages(IReadOnlyList<string> Paths, string? Table)
{
    /// <summary>Reads the list.</summary>
    /// <param name="source">A table, folder, archive or glob, or the directory of a pruned student.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="DistillException">No usable image.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    /// <exception cref="FileNotFoundException">There are no images.</exception>
    public static ValidationImages Of(string source, CancellationToken cancel)
    {
        string list = Path.Combine(source, RunFolder.PrunedHeldOut);
        if (File.Exists(list))
            return new ValidationImages(SelectionImages.Read(list, cancel).Paths, list);
        return new ValidationImages(SelectionImages.PathsOf(source, cancel), Manifests.Table.Fits(source) ? source : null);
    }
}
