// dfkd cache: what the teacher says of every augmented image, stored once for many trainings.

using System.CommandLine;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Fleet;
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
    private readonly Choice<NumericProfile> numerics = CommonOptions.Numerics(
        "Vector instructions of the teacher: machines of different processors give the same bytes under avx2 or avx512"
    );
    private readonly ShardOptionSet sharding = new("Compute", "Augmented images", CacheShards.UsualSize, "cache", table: false);
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly BatchOptionSet batch = new("Cache to write", "FILE");

    public CacheVerb()
        : base(
            "cache",
            "Store the teacher's outputs on the augmented images of a training, which then needs no teacher.",
            "dfkd cache selected.csv --teacher teacher/ --epochs 30 --top-k 10 -o teacher.cache\ndfkd distill selected.csv --cache teacher.cache --student vit:img=32,patch=4,dim=96,depth=6,heads=3 --temperature 1 -o student/\ndfkd cache selected.csv --teacher teacher/ --epochs 300 --threads 4 -o teacher.cache --shard 0/8\ndfkd cache /pool/selected.csv --teacher /pool/teacher --threads 4 -o /pool/teacher.cache --engine nats://127.0.0.1:4222"
        )
    {
        Add(selection);
        AddOptions([
            teacher,
            topK,
            .. batch.Length,
            .. batch.Images,
            heads,
            precision.Option,
            numerics.Option,
            .. preprocessing.All,
            .. sharding.All,
            .. BatchOptionSet.Run,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed)
    {
        sharding.StepIn(parsed);
        OptionsOf(parsed).Validate();
    }

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
                Numerics = numerics.In(parsed),
                Parts = sharding.PartsIn(parsed),
            },
            ToolVersion
        );
        return options;
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        ShardStep step = sharding.StepIn(parsed);
        CacheOptions options = OptionsOf(parsed);
        options.Validate();
        NumericProfiles.Apply(options.Numerics);
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        if (step is ShardStep.Plan or ShardStep.Work)
        {
            Share(parsed, options, terminal, cancel);
            return;
        }
        CacheSummary summary =
            step == ShardStep.Engine
                ? terminal.Track<FleetProgress, CacheSummary>(
                    progress => ShardText.Show(progress, CacheStage.Stage),
                    progress => CoordinatorIn(parsed).Run(options, terminal.Note, progress, cancel)
                )
                : terminal.Track<TrainProgress, CacheSummary>(Show, progress =>
                    step == ShardStep.Finish ? CacheShards.Finish(options, cancel) : CacheRun.Execute(options, progress, cancel)
                );
        terminal.Conclude(summary, () => Describe(summary));
    }

    // A share of the shards, or their plan alone.
    private void Share(ParseResult parsed, CacheOptions options, Terminal terminal, CancellationToken cancel)
    {
        bool plans = sharding.StepIn(parsed) == ShardStep.Plan;
        ShardShare share = sharding.ShareIn(parsed);
        int? size = sharding.SizeIn(parsed);
        ShardSummary summary = terminal.Track<TrainProgress, ShardSummary>(Show, progress =>
            plans
                ? CacheShards.Plan(options, size, terminal.Note, progress, cancel)
                : CacheShards.Work(options, share, size, sharding.RetriesIn(parsed), terminal.Note, progress, cancel)
        );
        terminal.Conclude(summary, () => ShardText.Lines(summary, plans ? null : share, options.Output, options.Parts));
        if (summary.Failed.Count > 0)
            throw new ShardException(
                ShardProblem.Failed,
                $"{summary.Failed.Count} shards failed, shard {summary.Failed[0]} among them; {options.Parts?.Address ?? CacheFolder.Of(options.Output)}/{FailedShards.Name} says why"
            );
    }

    private CacheCoordinator CoordinatorIn(ParseResult parsed) =>
        new(sharding.EngineIn(parsed), sharding.LeaseIn(parsed), sharding.SizeIn(parsed), sharding.RetriesIn(parsed));

    private static ProgressLine Show(TrainProgress progress) => TrainingText.Show(progress, "agreement");

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
