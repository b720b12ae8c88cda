// The rows of a selection that can be trained on.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Data;

/// <summary>Paths and weights of a selection, in the table's order.</summary>
/// <param name="Paths">Absolute paths.</param>
/// <param name="Weights">Weights as written; 1 where the table has none.</param>
/// <param name="NotOk">Rows left out because their status is not <c>ok</c>, or they name no image.</param>
internal sealed record SelectionImages(IReadOnlyList<string> Paths, IReadOnlyList<float> Weights, long NotOk)
{
    /// <summary>Absolute paths of a table's usable rows, or of the images of a folder, archive or glob.</summary>
    /// <exception cref="DistillException">A table without a usable row.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    /// <exception cref="FileNotFoundException">There are no images.</exception>
    public static IReadOnlyList<string> PathsOf(string source, CancellationToken cancel) =>
        Table.Fits(source) && !ParquetImages.Fits(source) ? Read(source, cancel).Paths : [.. ImageInputs.Paths(source, cancel: cancel)];

    /// <summary>Reads the table.</summary>
    /// <exception cref="DistillException">A bad weight, or no usable row.</exception>
    /// <exception cref="TableException">No path column, or a broken row.</exception>
    public static SelectionImages Read(string path, CancellationToken cancel)
    {
        using TableReader table = Table.Open(path);
        table.Header.Require("path");
        List<string> paths = [];
        List<float> weights = [];
        long notOk = 0;
        foreach (TableRow row in table.Rows(cancel))
        {
            if (!row.IsUsable)
            {
                notOk++;
                continue;
            }
            double weight = string.IsNullOrEmpty(row["weight"]) ? 1 : Numbers.Parse(row["weight"], row, "weight");
            if (!(weight >= 0) || double.IsInfinity(weight))
                throw new DistillException($"{path}: row {row.Number}: weight {row["weight"]} must be a finite number, 0 or more");
            paths.Add(ManifestPath.FromTable(row["path"]!, path));
            weights.Add((float)weight);
        }
        if (paths.Count == 0)
            throw new DistillException($"{path}: no row to train on ({notOk} rows have another status than ok, or no path)");
        return new SelectionImages(paths, weights, notOk);
    }
}
