// dfkd contact-sheet: the best and the worst of a pool on one page.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Imaging.Sheets;
using DataFreeKD.Manifests;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Cli.Verbs;

/// <summary>scores or selection table → PNG.</summary>
internal sealed class ContactSheetVerb : Verb
{
    private readonly Argument<string> table = new("TABLE")
    {
        Description = "Scores table, ranked here by --method, or selection table, ranked already",
    };
    private readonly Option<string> output = CommonOptions.Output("PNG to write: the best first, then the worst", "FILE.png");
    private readonly Option<string> method = new("--method")
    {
        Description = "How a scores table is ranked (see dfkd select)",
        HelpName = "NAME",
        DefaultValueFactory = _ => ScoreCatalogue.Default,
        CompletionSources = { ScoreCatalogue.All.Select(method => method.Name).ToArray() },
    };
    private readonly Option<int> count = CommonOptions.Count("--count", "Images in each section", 60).AtLeast(1);
    private readonly Option<int> columns = CommonOptions.Count("--columns", "Images a row", 15).AtLeast(1);
    private readonly Option<int> tile = CommonOptions.Count("--tile", "Side of an image, pixels", 64).AtLeast(8);

    public ContactSheetVerb()
        : base(
            "contact-sheet",
            "Draw the best and the worst ranked images on one page.",
            "dfkd contact-sheet scores.csv -o best-and-worst.png"
        )
    {
        Add(table);
        AddOptions([output, method, count, columns, tile, CommonOptions.Seed, CommonOptions.Overwrite, .. StorageOptionSet.All]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        string ranked = Path.GetFullPath(parsed.GetRequiredValue(table)),
            target = Path.GetFullPath(parsed.GetRequiredValue(output));
        if (!target.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--output {target}: name a .png file");
        using OutputLock held = OutputPicture.Take(target, "contact-sheet", parsed);
        string? scratch = null;
        try
        {
            if (!IsSelection(ranked))
            {
                scratch = ScratchFolder.NewFolder("dfkd-");
                SelectOptions options = new()
                {
                    Scores = ranked,
                    Output = Path.Combine(scratch, "ranked.csv"),
                    Method = parsed.GetValue(method)!,
                    Fraction = 1,
                    Quota = ClassQuota.None,
                    Seed = parsed.GetValue(CommonOptions.Seed),
                };
                SelectionRun.Execute(options, cancel: cancel);
                ranked = options.Output;
            }
            (List<string> best, List<string> worst) = Ends(ranked, parsed.GetValue(count));
            SheetSection[] sections =
            [
                .. new[] { Section("best", best, cancel), Section("worst", worst, cancel) }.Where(section => section.Cells.Count > 0),
            ];
            RgbImage sheet = new ContactSheet { Columns = parsed.GetValue(columns), CellSize = parsed.GetValue(tile) }.Draw(sections);
            held.RefuseAppeared(parsed.GetValue(CommonOptions.Overwrite));
            AtomicFile.WriteAllBytes(target, ImageWriter.EncodePng(sheet));
            Sheet summary = new(target, best.Count, worst.Count, sheet.Width, sheet.Height);
            terminal.Conclude(summary, () =>
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the best {summary.Best} and the worst {summary.Worst} -> {target}, {sheet.Width}x{sheet.Height}"
                    ),
                ]
            );
        }
        finally
        {
            if (scratch is not null)
                Directory.Delete(scratch, recursive: true);
        }
    }

    private static bool IsSelection(string path)
    {
        using TableReader reader = Table.Open(path);
        return reader.Header.IndexOf("rank") >= 0;
    }

    /// <summary>The paths of the first and the last rows, the very worst last; no row stands in both.</summary>
    private static (List<string> Best, List<string> Worst) Ends(string path, int count)
    {
        List<string> best = [];
        Queue<string> worst = new();
        using TableReader reader = Table.Open(path);
        int column = reader.Header.Require("path");
        while (reader.Read())
        {
            string image = ManifestPath.FromTable(reader.Text(column), path);
            if (best.Count < count)
            {
                best.Add(image);
                continue;
            }
            worst.Enqueue(image);
            if (worst.Count > count)
                worst.Dequeue();
        }
        if (best.Count == 0)
            throw new TableException($"{path}: no row to draw");
        return (best, [.. worst]);
    }

    private static SheetSection Section(string title, List<string> paths, CancellationToken cancel) =>
        new(
            title,
            [
                .. ImageInputs
                    .Read(paths, cancel: cancel)
                    .Select(
                        (input, rank) =>
                            new SheetCell(
                                input.Bytes is null ? null : ImageDecoder.Decode(input.Bytes, DecodeLimits.Local).Image,
                                string.Create(CultureInfo.InvariantCulture, $"{rank + 1}")
                            )
                    ),
            ]
        );

    private sealed record Sheet(string Output, int Best, int Worst, int Width, int Height);
}
