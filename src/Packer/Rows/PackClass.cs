// The classes of a table: which there are, and what each is called on disk.

using System.Globalization;
using DataFreeKD.Packer.Names;

namespace DataFreeKD.Packer.Rows;

/// <summary>A class by the teacher's prediction.</summary>
/// <param name="Prediction">0-based; -1 where a row has none.</param>
/// <param name="Name">The class name, else the prediction; empty for rows with neither.</param>
/// <param name="Folder">A folder name that no other class has, on any system.</param>
/// <param name="Category">A positive number that no other class has: the prediction + 1, so that two packs by one teacher agree and 0 stays
/// free for "background".</param>
internal sealed record PackClass(long Prediction, string Name, string Folder, long Category);

/// <summary>Collects classes, then names them in the order of their predictions, whatever the order of the rows.</summary>
internal sealed class PackClasses
{
    private const long None = -1;

    // Two predictions may carry one name (ImageNet has two cranes); without a prediction the name is all there is.
    private readonly Dictionary<(long Prediction, string Name), string> seen = [];
    private Dictionary<(long Prediction, string Name), PackClass>? named;

    /// <summary>A row's class, for <see cref="Of"/> later.</summary>
    public void See(double prediction, string name) => seen.TryAdd(Key(prediction, name), name);

    /// <summary>The class of a row that was seen.</summary>
    public PackClass Of(double prediction, string name) => (named ??= Named())[Key(prediction, name)];

    private static (long, string) Key(double prediction, string name) => prediction >= 0 ? ((long)prediction, "") : (None, name);

    private Dictionary<(long Prediction, string Name), PackClass> Named()
    {
        Dictionary<(long Prediction, string Name), PackClass> all = [];
        UniqueNames folders = new();
        long next = seen.Keys.Max(key => key.Prediction) + 2;
        foreach (
            ((long prediction, string) key, string name) in seen.OrderBy(known => known.Key.Prediction < 0)
                .ThenBy(known => known.Key.Prediction)
                .ThenBy(known => known.Key.Name, StringComparer.Ordinal)
        )
        {
            string shown = name.Length > 0 || key.prediction < 0 ? name : key.prediction.ToString(CultureInfo.InvariantCulture);
            // A dot would let a class look like one of the files beside it.
            string wanted =
                name.Length > 0 ? name.Replace('.', '_')
                : key.prediction < 0 ? "unlabelled"
                : $"class-{shown}";
            string folder = folders.Take(
                "",
                PortableName.Of(wanted, key.prediction < 0 ? "class" : $"class-{key.prediction.ToString(CultureInfo.InvariantCulture)}"),
                ""
            );
            all[key] = new PackClass(key.prediction, shown, folder, key.prediction >= 0 ? key.prediction + 1 : next++);
        }
        return all;
    }
}
