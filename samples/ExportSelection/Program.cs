// Selects the most useful images of a scores table and lays them out as images/CLASS/NAME.EXT, for tools that want folders.
// Usage: ExportSelection SCORES.csv BUDGET FOLDER

using System.Globalization;
using DataFreeKD.Core;
using DataFreeKD.Packer;
using DataFreeKD.Selector;

if (args.Length != 3 || !long.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out long budget))
{
    Console.Error.WriteLine("usage: ExportSelection SCORES.csv BUDGET FOLDER");
    return 2;
}
string selection = Path.Combine(args[2], "selected.csv");
try
{
    SelectionSummary selected = SelectionRun.Execute(
        new SelectOptions
        {
            Scores = Path.GetFullPath(args[0]),
            Output = Path.GetFullPath(selection),
            Budget = budget,
            Overwrite = true,
        }
    );
    Console.WriteLine(
        $"{selected.Selected} of {selected.Usable} images, {selected.DuplicatesDropped} copies dropped, class entropy {selected.ClassEntropy:F2} nats -> {selection}"
    );
    // Every other form is another value of Format: webdataset shards, Hugging Face imagefolder, COCO-style JSON, ...
    PackSummary packed = PackRun.Execute(
        new PackOptions
        {
            Selection = selection,
            Output = Path.Combine(args[2], "images"),
            Format = PackFormat.Folders,
            Copy = true,
            Overwrite = true,
        }
    );
    Console.WriteLine($"{packed.Packed} images in {packed.Classes.Count} folders -> {packed.Output}");
    return 0;
}
catch (Exception problem) when (problem is DataFreeKDException or IOException)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}
