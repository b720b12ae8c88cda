// Images with labels: a folder with a sub-folder a class, an archive with class/name members, or a table with path and label.

using System.Globalization;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Data;

/// <summary>Labelled paths. In folders and archives the class is the name of the folder that holds the image.</summary>
/// <param name="Paths">Absolute paths (members as <c>archive::member</c>).</param>
/// <param name="Labels">Class index of each.</param>
/// <param name="ClassNames">Names by index.</param>
internal sealed record LabelledImages(IReadOnlyList<string> Paths, IReadOnlyList<int> Labels, IReadOnlyList<string> ClassNames)
{
    /// <summary>Reads paths and labels. Without <paramref name="modelClasses"/> the classes are the names found, in ordinal
    /// order.</summary>
    /// <param name="source">Folder, archive or table.</param>
    /// <param name="modelClasses">The model's class names, to map names by; empty where it has none.</param>
    /// <param name="classCount">The model's classes; null when the data decides.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="DistillException">No images, or labels that the model cannot have.</exception>
    public static LabelledImages Read(string source, IReadOnlyList<string> modelClasses, int? classCount, CancellationToken cancel)
    {
        (List<string> paths, List<string> names) = Table.Fits(source) ? FromTable(source, cancel) : FromTree(source, cancel);
        if (paths.Count == 0)
            throw new DistillException(
                $"{source}: no labelled image in it; give a folder with one sub-folder a class, an archive with class/name members, or a table with path and label"
            );
        string[] found = [.. names.Distinct().Order(StringComparer.Ordinal)];
        IReadOnlyList<string> classes = Classes(source, found, modelClasses, classCount);
        Dictionary<string, int> index = classes
            .Select((name, i) => (name, i))
            .DistinctBy(pair => pair.name)
            .ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        return new LabelledImages(paths, [.. names.Select(name => index[name])], classes);
    }

    private static IReadOnlyList<string> Classes(string source, string[] found, IReadOnlyList<string> modelClasses, int? classCount)
    {
        if (found.All(modelClasses.Contains))
            return modelClasses;
        int[] numbers =
        [
            .. found.Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1),
        ];
        if (numbers.All(number => number >= 0))
        {
            int needed = classCount ?? (numbers.Max() + 1);
            if (numbers.Max() >= needed)
                throw new DistillException($"{source}: label {numbers.Max()} but the model has {needed} classes (0 to {needed - 1})");
            return [.. Enumerable.Range(0, needed).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        }
        if (classCount is null || classCount == found.Length)
            return found;
        string unknown = found.First(name => !modelClasses.Contains(name));
        throw new DistillException(
            $"{source}: {found.Length} classes and the model has {classCount}; class '{unknown}' is not among the model's names, so they cannot be matched: rename the classes as in the model's config.json (label_names or id2label), or use class indices"
        );
    }

    private static (List<string> Paths, List<string> Names) FromTable(string source, CancellationToken cancel)
    {
        using TableReader table = Table.Open(source);
        foreach (string column in (string[])["path", "label"])
            table.Header.Require(column);
        List<string> paths = [],
            names = [];
        foreach (TableRow row in table.Rows(cancel))
        {
            if (string.IsNullOrEmpty(row["label"]))
                throw new DistillException($"{source}: row {row.Number} has no label");
            paths.Add(ManifestPath.FromTable(row["path"]!, source));
            names.Add(row["label"]!);
        }
        return (paths, names);
    }

    private static (List<string> Paths, List<string> Names) FromTree(string source, CancellationToken cancel)
    {
        List<string> paths = [.. ImageInputs.Paths(source, cancel: cancel)];
        return (paths, [.. paths.Select(path => ClassOf(path, source))]);
    }

    private static string ClassOf(string path, string source)
    {
        int member = path.LastIndexOf(ManifestPath.MemberSeparator, StringComparison.Ordinal);
        string[] parts = (member >= 0 ? path[(member + ManifestPath.MemberSeparator.Length)..] : Path.GetRelativePath(source, path))
            .Replace('\\', '/')
            .Split('/');
        return parts.Length >= 2
            ? parts[^2]
            : throw new DistillException($"{path}: lies in no class folder; labelled data needs class/name");
    }
}
