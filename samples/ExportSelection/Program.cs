// Selects the most useful images of a scores table and lays them out as CLASS/RANK.EXT, for tools that want folders.
// Usage: ExportSelection SCORES.csv BUDGET FOLDER

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector;

if (args.Length != 3 || !long.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out long budget))
{
    Console.Error.WriteLine("usage: ExportSelection SCORES.csv BUDGET FOLDER");
    return 2;
}
string manifest = Path.Combine(args[2], "selected.csv");
try
{
    SelectionSummary summary = SelectionRun.Execute(new SelectOptions { Scores = Path.GetFullPath(args[0]), Output = Path.GetFullPath(manifest), Budget = budget });
    Console.WriteLine($"{summary.Selected} of {summary.Usable} images, {summary.DuplicatesDropped} copies dropped, class entropy {summary.ClassEntropy:F2} nats -> {manifest}");
}
catch (Exception problem) when (problem is TableException or SelectionException or IOException)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}

using TableReader table = Table.Open(manifest);
foreach (TableRow row in table.Rows())
{
    // Members of archives (shard.tar::name) stay where they are: the manifest names them.
    string image = ManifestPath.FromTable(row["path"]!, manifest);
    if (!File.Exists(image)) continue;
    // A class is named by a model, so that nothing but its letters and digits may reach the disk.
    string name = string.Concat((row["class_name"] is { Length: > 0 } known ? known : $"class-{row["prediction"]}").Select(letter => char.IsLetterOrDigit(letter) ? letter : '-'));
    Directory.CreateDirectory(Path.Combine(args[2], name));
    File.Copy(image, Path.Combine(args[2], name, $"{int.Parse(row["rank"]!, CultureInfo.InvariantCulture):D6}{Path.GetExtension(image)}"), overwrite: true);
}
return 0;
