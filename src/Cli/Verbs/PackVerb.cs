// dfkd pack: hands a selection on in the form that another tool reads. Never loads libtorch.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Packer;

namespace DataFreeKD.Cli.Verbs;

/// <summary>selection table → shards, folders, lists.</summary>
internal sealed class PackVerb : Verb
{
    private readonly Argument<string> table = new("SELECTED")
    {
        Description = "Selection table, or any table with a path column; rows of another status than ok are left out",
    };
    private readonly Choice<PackFormat> format = new(
        "--to",
        "webdataset: tar shards; folders: links, a folder a class; imagefolder: Hugging Face, with metadata; coco: annotations.json; urls: for img2dataset; csv, parquet: the table with its paths made to fit",
        [.. PackFormat.All]
    );
    private readonly Option<string> output = CommonOptions.Output("Folder to write (urls, csv and parquet: file)", "OUT");
    private readonly Option<int?> shardSize = CommonOptions.OwnCount(
        "--shard-size",
        $"webdataset: images a shard [default: {PackOptions.UsualShard}]"
    );
    private readonly Choice<ImageLayout> layout = new(
        "--layout",
        "folders, imagefolder, coco: images by class or side by side [default: classes for folders, else flat]"
    );
    private readonly Choice<MetadataFile> metadata = new("--metadata", "imagefolder: the file beside the images");
    private readonly Option<bool> csvSafe = new("--csv-safe")
    {
        Description = "csv: an apostrophe before cells that a spreadsheet would run as formulas",
    };
    private readonly Option<bool> copy = new("--copy") { Description = "folders: copies instead of links" };

    public PackVerb()
        : base(
            "pack",
            "Hand a selection on to other tools: webdataset, folders, Hugging Face imagefolder, COCO-style JSON, URL lists.",
            "dfkd pack selected.csv --to webdataset --shard-size 5000 -o shards/\ndfkd pack selected.csv --to imagefolder -o dataset/\ndfkd pack selected.csv --to urls -o urls.txt"
        )
    {
        Add(table);
        format.Option.Required = true;
        format.Option.DefaultValueFactory = null;
        // Their defaults depend on the format.
        layout.Option.DefaultValueFactory = null;
        metadata.Option.DefaultValueFactory = null;
        AddOptions([
            format.Option,
            output,
            shardSize,
            layout.Option,
            metadata.Option,
            copy,
            csvSafe,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    private PackOptions OptionsOf(ParseResult parsed)
    {
        PackOptions options = new()
        {
            Selection = Path.GetFullPath(parsed.GetRequiredValue(table)),
            Output = Path.GetFullPath(parsed.GetRequiredValue(output)),
            Format = format.In(parsed),
            ImagesPerShard = parsed.GetValue(shardSize),
            Layout = parsed.GetResult(layout.Option) is null ? null : layout.In(parsed),
            Metadata = parsed.GetResult(metadata.Option) is null ? null : metadata.In(parsed),
            Copy = parsed.GetValue(copy),
            CsvSafe = parsed.GetValue(csvSafe),
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
        };
        return options;
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        PackOptions options = OptionsOf(parsed);
        PackSummary summary = terminal.Track<PackProgress, PackSummary>(
            done => new("pack", done.Done, done.Total, ""),
            progress => PackRun.Execute(options, progress, cancel)
        );
        terminal.Conclude(summary, () => Describe(summary));
        if (summary.Packed == 0)
            NothingSucceededException.ThrowIfNone(summary.Skipped, [], "images could be packed");
    }

    private static IEnumerable<string> Describe(PackSummary summary)
    {
        string shards = summary.Shards > 0 ? string.Create(CultureInfo.InvariantCulture, $" in {summary.Shards:N0} shards") : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Packed:N0} of {summary.Rows:N0} rows{shards} in {summary.Seconds:F1} s"
        );
        if (summary.Skipped.Count > 0)
            yield return $"left out: {StatusText.Line(summary.Skipped)}";
        yield return $"-> {summary.Output}";
    }
}
