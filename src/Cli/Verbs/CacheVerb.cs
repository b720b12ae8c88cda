// dfkd cache: what the teacher says of every augmented image, stored once for many trainings.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using DataFreeKD.Models;
using static System.FormattableString;

namespace DataFreeKD.Cli.Verbs;

/// <summary>selected table + teacher → cache file.</summary>
internal sealed class CacheVerb : Verb
{
    private readonly Argument<string> selection = new("SELECTED") { Description = "Selection table, or any table with a path column" };
    private readonly Option<string> teacher = new("--teacher")
    {
        Description = "Teacher: model directory or checkpoint",
        HelpName = "MODEL",
        Required = true,
    };
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly Option<int?> topK = CommonOptions.OwnCount(
        "--top-k",
        "Probabilities kept an image; with all classes nothing is lost [default: 10, or all where there are fewer]"
    );
    private readonly Choice<Precision> precision = CommonOptions.TeacherPrecision("--teacher-precision");
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly BatchOptionSet batch = new("Cache to write", "FILE");

    public CacheVerb()
        : base(
            "cache",
            "Store the teacher's outputs on the augmented images of a training, which then needs no teacher.",
            "dfkd cache selected.csv --teacher teacher/ --epochs 30 --top-k 10 -o teacher.cache\ndfkd distill selected.csv --cache teacher.cache --student vit:img=32,patch=4,dim=96,depth=6,heads=3 --temperature 1 -o student/"
        )
    {
        Add(selection);
        AddOptions([teacher, topK, .. batch.Length, .. batch.Images, heads, precision.Option, .. preprocessing.All, .. BatchOptionSet.Run]);
    }

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    private CacheOptions OptionsOf(ParseResult parsed)
    {
        CacheOptions options = batch.Apply(
            parsed,
            new CacheOptions
            {
                Selection = Path.GetFullPath(parsed.GetRequiredValue(selection)),
                Teacher = parsed.GetRequiredValue(teacher),
                Output = batch.OutputOf(parsed),
                TeacherHeads = parsed.GetValue(heads),
                TeacherPrecision = precision.In(parsed),
                Preprocessing = preprocessing.In(parsed),
                TopK = parsed.GetValue(topK),
            },
            ToolVersion
        );
        return options;
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        CacheOptions options = OptionsOf(parsed);
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        CacheSummary summary = terminal.Track<TrainProgress, CacheSummary>(
            progress => TrainingText.Show(progress, "agreement"),
            progress => CacheRun.Execute(options, progress, cancel)
        );
        terminal.Conclude(summary, () => Describe(summary));
    }

    private static IEnumerable<string> Describe(CacheSummary summary)
    {
        string resumed = summary.ResumedFrom > 0 ? Invariant($" ({summary.ResumedFrom:N0} were there)") : "";
        yield return Invariant(
            $"{summary.Records:N0} augmented images{resumed}: {summary.Epochs:0.##} epochs of {summary.Images:N0}, and the decisions on {summary.HeldOutImages:N0} held out, in {summary.Seconds:F1} s"
        );
        yield return Invariant(
            $"{summary.TopK} of {summary.Classes} classes, {summary.BytesPerImage} bytes an image, {summary.Bytes / 1e6:N1} MB"
        );
        foreach (string skipped in TrainingText.Skipped(summary.Skipped))
            yield return skipped;
        yield return $"-> {summary.Output}";
    }
}
