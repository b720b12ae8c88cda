// dfkd score: the teacher looks at every image once.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Doctor;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Folders;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Probe.Sharding;
using DataFreeKD.Selector;

namespace DataFreeKD.Cli.Verbs;

/// <summary>images + teacher → scores table.</summary>
internal sealed class ScoreVerb : Verb
{
    private readonly Argument<string[]> images = new("IMAGES")
    {
        Description =
            "Folders, files, globs, tar or zip archives, these also as s3://bucket/..., or tables and lists of paths (.csv, .tsv, .txt, .json, .jsonl, .parquet)",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> teacher = new("--teacher")
    {
        Description = "Teacher: model directory, checkpoint, or any classifier as .onnx (logits alone)",
        HelpName = "MODEL",
        Required = true,
    };
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly Option<string?> weightsKey = CommonOptions.WeightsKey();
    private readonly Option<string> output = CommonOptions.Output("Scores table to write (.csv or .parquet)", "FILE");
    private readonly Option<string?> blocks = new("--blocks")
    {
        Description = "Blocks to probe, e.g. 3,7, or all [default: at 1/4 and 7/12 of the depth, and the last but one]",
        HelpName = "B,...",
    };
    private readonly Option<string?> embeddings = new("--embeddings")
    {
        Description =
            "File for CLS embeddings (float32), which select uses to find the pool's confident core; none to skip [default: NAME.embeddings.npy beside the table, up to 4 GiB; none without a classifier head and with --cascade]",
        HelpName = "FILE.npy|parquet|none",
    };
    private readonly Option<string?> extra = new("--scores")
    {
        Description =
            $"Scores beyond the usual: all; logits, features, attention, views, copies; or of {string.Join(", ", Columns.ExtraScores)}, probe_entropy",
        HelpName = "all|NAME,...",
    };
    private readonly Option<int?> views = CommonOptions.OwnCount(
        "--views",
        $"Add the scores of views, with 1 to {ImageViews.Most} views; each is a forward pass [default: {ImageViews.Usual} if --scores asks for views]"
    );
    private readonly Option<double?> reactClip = CommonOptions.OwnFigure(
        "--react-clip",
        $"Add react_energy, with features clipped at this [default: percentile {ReactEnergy.Percentile} of a sample of the images, which are read twice, if --scores asks for it]"
    );
    private readonly Option<string?> intactModel = new("--intact-model")
    {
        Description =
            "Add the score intact, with a classifier that an earlier run saved [default: learned from the images if --scores asks for it]",
        HelpName = "FILE.zip",
    };
    private readonly Option<int> intactSample = new Option<int>("--intact-sample")
    {
        Description = "Largest number of images to learn intact from; they are read twice, and each costs two more forward passes",
        HelpName = "N",
        DefaultValueFactory = _ => 20_000,
    }.AtLeast(1);
    private readonly Choice<TeacherRuntime> runtime = new(
        "--runtime",
        "What computes the forward passes; onnx is ONNX Runtime, on the CPU",
        TeacherRuntime.Libtorch,
        TeacherRuntime.Onnx
    );
    private readonly Option<string?> int8 = new Option<string?>("--int8")
    {
        Description = "With --runtime onnx: int8 weights, activations quantised at run time",
        HelpName = "dynamic",
    }.AcceptOnlyFromAmong("dynamic");
    private readonly Choice<Precision> precision = CommonOptions.TeacherPrecision("--precision");
    private readonly Option<int?> tokenMerging = CommonOptions.OwnCount(
        "--token-merging",
        "Patches that each block merges into similar ones (ToMe): faster for teachers of 224 and above, with other figures [default: none]"
    );
    private readonly Option<bool> fastDecode = new("--fast-decode")
    {
        Description = "Decode large JPEGs at a reduced scale, no smaller than the teacher sees them: faster, with slightly other figures",
    };
    private readonly Option<string?> cascade = new("--cascade")
    {
        Description =
            "Pre-filter with a small pruned student and score only this share fully [default: chosen on a sample of the images so that 98 % of those to select are kept]",
        HelpName = "SHARE",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<long?> cascadeBudget = new("--cascade-budget")
    {
        Description = "Number of images that will be selected later; --cascade is set so that it keeps them",
        HelpName = "N",
    };
    private readonly Option<string?> cascadeModel = new("--cascade-model")
    {
        Description =
            "Pre-filter with a cascade that an earlier run of this teacher saved [default: learned from the images, with --cascade]",
        HelpName = "FILE.zip",
    };
    private readonly Choice<NumericProfile> numerics = CommonOptions.Numerics(
        "Vector instructions of the teacher: machines of different processors give the same bytes under avx2 or avx512"
    );
    private readonly ShardOptionSet sharding = new("Score", "Images", ShardOptions.UsualSize, "table", table: true);
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly Option<int?> batchSize = CommonOptions.OwnCount(
        "--batch-size",
        "Images per forward pass [default: about 4,000 tokens, at most 64 images]"
    );

    public ScoreVerb()
        : base(
            "score",
            "Score images with the teacher: attention probe, confidence, entropy, energy.",
            "dfkd score store/manifest.csv --teacher teacher/ -o scores.csv\ndfkd score photos/ 'shards/*.tar' --teacher deit_tiny.pth --blocks 3,7 --scores all -o scores.parquet\ndfkd score store/manifest.parquet --teacher teacher/ -o scores.parquet --shard 3/64\ndfkd score /pool/manifest.parquet --teacher /pool/teacher -o /pool/scores.parquet --engine nats://127.0.0.1:4222"
        )
    {
        Add(images);
        AddOptions([
            teacher,
            output,
            CommonOptions.PathColumn,
            CommonOptions.FollowLinks,
            blocks,
            extra,
            views,
            reactClip,
            intactModel,
            intactSample,
            embeddings,
            heads,
            weightsKey,
            batchSize,
            tokenMerging,
            fastDecode,
            cascade,
            cascadeBudget,
            cascadeModel,
            .. preprocessing.All,
            runtime.Option,
            int8,
            precision.Option,
            numerics.Option,
            .. sharding.All,
            CommonOptions.Device,
            CommonOptions.Threads,
            CommonOptions.Resume,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed)
    {
        ShardStep step = sharding.StepIn(parsed);
        ScoreOptions options = OptionsOf(parsed);
        (step == ShardStep.None ? options : options with { Resume = !options.Overwrite }).Validate();
    }

    private ScoreOptions OptionsOf(ParseResult parsed)
    {
        CommonOptions.RefuseResumeWithOverwrite(parsed);
        int threads = parsed.GetValue(CommonOptions.Threads);
        string? probed = parsed.GetValue(blocks);
        ScoreOptions options = new()
        {
            Sources = parsed.GetRequiredValue(images),
            PathColumn = parsed.GetValue(CommonOptions.PathColumn),
            FollowLinks = parsed.GetValue(CommonOptions.FollowLinks),
            Teacher = CommonOptions.WithKey(parsed.GetRequiredValue(teacher), parsed.GetValue(weightsKey)),
            Output = Path.GetFullPath(parsed.GetRequiredValue(output)),
            Blocks =
                probed is null ? null
                : probed == "all" ? []
                : BlockList.Parse(probed),
            ExtraScores = Scores(parsed),
            Views = parsed.GetValue(views) ?? ImageViews.Usual,
            ReactClip = parsed.GetValue(reactClip),
            CopyModelPath = parsed.GetValue(intactModel),
            CopySample = parsed.GetValue(intactSample),
            BatchSize = parsed.GetValue(batchSize),
            Workers = threads,
            FastDecode = parsed.GetValue(fastDecode),
            TokenMerging = parsed.GetValue(tokenMerging) ?? 0,
            Cascade = Cascade(parsed),
            CascadeModelPath = parsed.GetValue(cascadeModel),
            TeacherHeads = parsed.GetValue(heads),
            Preprocessing = preprocessing.In(parsed),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Runtime = Runtime(parsed),
            Precision = precision.In(parsed),
            Numerics = numerics.In(parsed),
            Resume = parsed.GetValue(CommonOptions.Resume),
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
            EmbeddingsPath = parsed.GetValue(embeddings) is { } file && file != SetOptions.NoEmbeddings ? file : null,
            KeepEmbeddings = parsed.GetValue(embeddings) is null,
            Parts = sharding.PartsIn(parsed),
        };
        return options;
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        Check(parsed);
        ScoreOptions options = OptionsOf(parsed);
        NumericProfiles.Apply(options.Numerics);
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        if (sharding.StepIn(parsed) is ShardStep.Plan or ShardStep.Work)
        {
            Share(parsed, options, terminal, cancel);
            return;
        }
        bool finishes = sharding.StepIn(parsed) == ShardStep.Finish;
        FinishOptions finish = sharding.FinishIn(parsed);
        ScoreSummary summary =
            sharding.StepIn(parsed) == ShardStep.Engine
                ? terminal.Track<FleetProgress, ScoreSummary>(
                    progress => ShardText.Show(progress, ScoreStage.Stage),
                    progress =>
                        new ScoreCoordinator(sharding.EngineIn(parsed), sharding.LeaseIn(parsed), sharding.In(parsed), finish).Run(
                            options,
                            terminal.Note,
                            progress,
                            cancel
                        )
                )
                : terminal.Track<ScoreProgress, ScoreSummary>(Show, progress =>
                    finishes
                        ? ScoreShards.Finish(options, finish, cancel)
                        : ScoreRun.Execute(options, Hinted(options, terminal, progress), cancel)
                );
        if (summary.ImagesAtOnce is { } images)
            terminal.Note(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"note: memory ran out, and the rest was scored {images:N0} images at once; --batch-size {images} takes so few from the start"
                )
            );
        terminal.Conclude(summary, () => Describe(summary, finish.TableFolder ? TableFolder.Beside(options.Output) : options.Output));
        NothingSucceededException.ThrowIfNone(summary.Counts, [Status.Ok, Status.Skipped], "images could be scored");
    }

    // A share of the shards, or their plan alone.
    private void Share(ParseResult parsed, ScoreOptions options, Terminal terminal, CancellationToken cancel)
    {
        ShardOptions share = sharding.In(parsed) with { Note = terminal.Note };
        bool plans = sharding.StepIn(parsed) == ShardStep.Plan;
        ShardSummary summary = terminal.Track<ScoreProgress, ShardSummary>(Show, progress =>
            plans ? ScoreShards.Plan(options, share, cancel) : ScoreShards.Work(options, share, Hinted(options, terminal, progress), cancel)
        );
        terminal.Conclude(summary, () => ShardText.Lines(summary, plans ? null : share.Share, options.Output, options.Parts));
        if (summary.Failed.Count > 0)
            throw new ShardException(
                ShardProblem.Failed,
                $"{summary.Failed.Count} shards failed, shard {summary.Failed[0]} among them; {ScoreShards.FailuresOf(options)} says why"
            );
    }

    private static IProgress<ScoreProgress>? Hinted(ScoreOptions options, Terminal terminal, IProgress<ScoreProgress>? progress) =>
        FirstReport<ScoreProgress>.With(
            options.Runtime == TeacherRuntime.Libtorch ? Processor.Hint(options.Precision, options.Device, "--precision") : null,
            terminal.Note,
            progress
        );

    private TeacherRuntime Runtime(ParseResult parsed)
    {
        bool quantised = parsed.GetValue(int8) is not null;
        if (quantised && runtime.In(parsed) == TeacherRuntime.Libtorch)
            throw new UsageException("--int8 dynamic needs --runtime onnx");
        return quantised ? TeacherRuntime.OnnxInt8 : runtime.In(parsed);
    }

    // A score's own option asks for the score.
    private string[] Scores(ParseResult parsed) =>
        [
            .. (parsed.GetValue(extra) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            .. parsed.GetValue(views) is null ? [] : (string[])["views"],
            .. parsed.GetValue(reactClip) is null ? [] : (string[])["react_energy"],
            .. parsed.GetValue(intactModel) is null ? [] : (string[])["intact"],
        ];

    private CascadeOptions? Cascade(ParseResult parsed)
    {
        long? budget = parsed.GetValue(cascadeBudget);
        if (parsed.GetResult(cascade) is null)
            return budget is null ? null : throw new UsageException("--cascade-budget goes with --cascade");
        if (budget is not { } images)
            throw new UsageException("--cascade needs --cascade-budget N: how many images will be selected");
        string? given = parsed.GetValue(cascade);
        double share = 0;
        if (given is not null && !double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out share))
            throw new UsageException($"--cascade {given}: give the share to score fully, such as 0.3, or no value");
        return new ScoreJobCascade(images, given is null ? null : share).Options();
    }

    private static ProgressLine Show(ScoreProgress progress)
    {
        string failed = progress.Failed > 0 ? string.Create(CultureInfo.InvariantCulture, $", {progress.Failed:N0} failed") : "";
        return new(
            "score",
            progress.Done,
            null,
            string.Create(CultureInfo.InvariantCulture, $"{progress.ImagesPerSecond:F0} images/s{failed}")
        );
    }

    private static string Describe(CorruptionVerdict verdict) =>
        verdict.SingleName.Length == 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"intact: {verdict.Pool:N0} images are too few to learn from; the column is 0 throughout"
            )
            : string.Create(
                CultureInfo.InvariantCulture,
                $"intact: on kinds of corruption left out AUROC {verdict.Learned:F3}, {verdict.SingleName} {verdict.Single:F3} ({verdict.Pool:N0} images and as many copies){(verdict.Better ? "" : "; no better, so that the column is 0 throughout")}"
            );

    private static IEnumerable<string> Describe(CascadeVerdict cascade)
    {
        if (cascade.NoStudent is { } why)
            yield return $"cascade: no pruned student, so the teacher's own first blocks were tried: {why}";
        if (cascade is { Kept: 1, Best: 0 })
        {
            yield return "cascade: no first look pays for this teacher and pool; every image was scored fully";
            yield break;
        }
        string by = cascade.Student is { } student
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"by {student}, {cascade.StudentShare:P0} of the teacher's work, pruned on {cascade.PrunedOn:N0} images"
            )
            : $"after {cascade.Blocks} blocks";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"cascade: {by}; of {cascade.HeldOut:N0} images held out {cascade.Kept:P1} were scored fully, {cascade.Found} of the {cascade.Best} best by {cascade.Method} among them (recall {cascade.Recall:F3}), for {cascade.Cost:P0} of the work"
        );
    }

    private static IEnumerable<string> Describe(ScoreSummary summary, string output)
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Rows:N0} rows in {summary.Seconds:F1} s ({summary.ImagesPerSecond:F0} images/s), {(summary.Blocks.Count == 0 ? "no attention to probe" : $"blocks {string.Join(", ", summary.Blocks)} probed")}"
        );
        yield return StatusText.Line(summary.Counts);
        if (summary.Copied > 0)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.Copied:N0} of the rows are exact copies of images scored before, whose figures they have"
            );
        if (summary.Cascade is { } cascade)
        {
            foreach (string line in Describe(cascade))
                yield return line;
        }
        if (summary.Intact is { } verdict)
            yield return Describe(verdict);
        yield return $"-> {output}{(summary.Embeddings is { } vectors ? $", embeddings {vectors}" : "")}";
    }
}
