// dfkd worker: one of the machines that compute the shards of an engine.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Fleet;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Shards of an engine's runs → parts beside their plans.</summary>
internal sealed class WorkerVerb : Verb
{
    private static readonly string[] Stages = [ScoreStage.Stage, CacheStage.Stage, CompareStage.Stage, CrawlStage.Stage];

    private readonly EngineOptionSet engine = new(
        "Engine to take shards from: nats-server with JetStream, nats:// or tls://",
        required: true
    );
    private readonly Option<string> root = new Option<string>("--root")
    {
        Description = "Folder of the pool, the same on all machines; nothing outside it is read or written",
        HelpName = "FOLDER",
        Required = true,
    }.NamesAFile();
    private readonly Option<string[]> buckets = new("--allow-s3")
    {
        Description = "Objects that may be read as images, s3://bucket/prefix/; repeatable [default: none]",
        HelpName = "s3://...",
    };
    private readonly Option<string> stages = new("--stages")
    {
        Description = "Stages whose shards are taken",
        HelpName = "NAME,...",
        DefaultValueFactory = _ => string.Join(',', Stages),
        CompletionSources = { Stages },
    };
    private readonly Choice<NumericProfile> numerics = CommonOptions.Numerics(
        "Vector instructions of the models; runs of another profile are left to other workers"
    );
    private readonly Option<string[]> networks = new("--allow-network")
    {
        Description = "Private network (CIDR) that crawls may contact, where they ask for it; repeatable",
        HelpName = "CIDR",
    };
    private readonly PartsOptionSet parts = new(
        "Take runs too whose plan and parts lie at or below this prefix of an S3-compatible bucket; repeatable [default: none]",
        many: true
    );
    private readonly Option<bool> once = new("--once") { Description = "End after one shard" };
    private readonly Option<int?> idleExit = CommonOptions.OwnCount(
        "--idle-exit",
        "End when there was no shard for N seconds, as in a job of a batch scheduler [default: wait for ever]"
    );

    public WorkerVerb()
        : base(
            "worker",
            "Compute shards of the runs at an engine, one after another, until told to stop.",
            "dfkd worker --engine nats://127.0.0.1:4222 --root /pool\ndfkd worker --engine tls://queue:4222 --engine-credentials worker.creds --root /pool --idle-exit 600"
        ) =>
        AddOptions([
            .. engine.All,
            root,
            buckets,
            parts.Option,
            stages,
            numerics.Option,
            networks,
            once,
            idleExit,
            CommonOptions.Threads,
            .. StorageOptionSet.All,
        ]);

    public override void Check(ParseResult parsed)
    {
        engine.In(parsed);
        foreach (string stage in StagesIn(parsed))
        {
            if (!Stages.Contains(stage))
                throw new UsageException($"--stages {stage}: expected {string.Join(", ", Stages[..^1])} or {Stages[^1]}");
        }
        foreach (string prefix in parsed.GetValue(buckets) ?? [])
        {
            if (!PoolRoot.IsInBucket(prefix))
                throw new UsageException($"--allow-s3 {prefix}: expected s3://bucket or s3://bucket/prefix/");
        }
        foreach (string network in parsed.GetValue(networks) ?? [])
            WebOptionSet.Network(network);
        parts.AllIn(parsed);
        if (parsed.GetValue(idleExit) < 1)
            throw new UsageException("--idle-exit: give 1 second or more");
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        Check(parsed);
        // Who is told to stop and gives its shard back has done what it is for. Schedulers wait for half a minute.
        Interruption.Ending = (ExitCode.Done, TimeSpan.FromSeconds(25));
        NumericProfile profile = numerics.In(parsed);
        NumericProfiles.Apply(profile);
        int threads = parsed.GetValue(CommonOptions.Threads);
        using ScoreStage score = new(threads, terminal.Note);
        using CacheStage cache = new(threads, terminal.Note);
        using CompareStage compare = new(threads);
        using CrawlStage crawl = new(threads, [.. (parsed.GetValue(networks) ?? []).Select(WebOptionSet.Network)]);
        IShardStage[] taken = [.. ((IShardStage[])[score, cache, compare, crawl]).Where(stage => StagesIn(parsed).Contains(stage.Name))];
        WorkerOptions options = new()
        {
            Root = parsed.GetRequiredValue(root),
            Buckets = parsed.GetValue(buckets) ?? [],
            Plans = [.. parts.AllIn(parsed).Select(bucket => bucket.Address)],
            Version = Provenance.ToolVersion,
            Profile = profile.Name(),
            Instructions = NumericProfiles.InstructionsOf(profile),
            Once = parsed.GetValue(once),
            IdleExit = parsed.GetValue(idleExit) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Note = terminal.Note,
        };
        WorkerSummary summary = Blocking.Wait(() => Worker.RunAsync(engine.In(parsed), taken, options, cancel));
        terminal.Conclude(summary, () => [Line(summary)]);
    }

    private string[] StagesIn(ParseResult parsed) => parsed.GetRequiredValue(stages).Split(',', StringSplitOptions.TrimEntries);

    private static string Line(WorkerSummary summary) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Shards:N0} shards, {summary.Rows:N0} rows in {summary.Seconds:F1} s{(summary.Failed > 0 ? $", {summary.Failed:N0} failed" : "")}"
        );
}
