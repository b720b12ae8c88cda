// The options that split a comparison into its runs, or a crawl into partitions.

using System.CommandLine;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Share, finish and engine on the command line, where a process holds its shard.</summary>
internal sealed class RunShardOptionSet
{
    private readonly Option<string?> shard;
    private readonly Option<bool> retry,
        finish,
        plan =
            new("--plan") { Description = "Make the plan of partitions alone (the first process of a share does it where it is missing)" };
    private readonly Option<int?> partitions = CommonOptions.OwnCount(
        "--partitions",
        "Partitions of a new plan, with --plan, --shard or --engine [default: by the number of sites, 4,096 at most]"
    );
    private readonly EngineOptionSet engine;

    // Known, so that it can be told why not.
    private readonly Option<string?> parts = new("--parts") { Hidden = true };
    private readonly Option<int> lease = EngineOptionSet.Lease();
    private readonly bool plans,
        ownRetry;

    private RunShardOptionSet(string share, string end, string engine, Option<bool>? retry)
    {
        shard = new("--shard")
        {
            Description =
                $"{share}: i/n takes each n-th, beginning with the i-th from 0; env is the place in a Slurm array or an Indexed Job of Kubernetes, env/n where that does not tell n",
            HelpName = "i/n|env",
        };
        finish = new("--finish") { Description = end };
        this.engine = new EngineOptionSet(
            $"{engine} by the workers of this engine (nats-server with JetStream, nats:// or tls://){(retry is null ? ", and write the tables" : ", and write the manifest")}; killed, the same command goes on",
            required: false
        );
        (plans, ownRetry) = (retry is not null, retry is null);
        this.retry = retry ?? new("--retry-failed") { Description = "With --shard or --engine: try runs again that failed before" };
    }

    /// <summary>Those of a comparison.</summary>
    public static RunShardOptionSet OfRuns() =>
        new("Do this share of the runs", "Write the tables and do no run; exit code 3 where some are missing", "Have the runs done", null);

    /// <summary>Those of a crawl.</summary>
    /// <param name="retry">Its option that tries again what failed.</param>
    public static RunShardOptionSet OfPartitions(Option<bool> retry) =>
        new(
            "Fetch this share of the partitions first, then what no process has in hand, to the end of the crawl",
            "Write the manifest and fetch nothing; exit code 3 where partitions are missing",
            "Have the partitions fetched",
            retry
        );

    /// <summary>All, in the order of the help.</summary>
    public Option[] All =>
        [.. plans ? (Option[])[plan, partitions] : [], shard, .. ownRetry ? (Option[])[retry] : [], finish, .. engine.All, lease, parts];

    /// <summary>Which step the arguments mean.</summary>
    /// <exception cref="UsageException">They contradict.</exception>
    public ShardStep StepIn(ParseResult parsed)
    {
        engine.Check(parsed);
        if (parsed.GetValue(parts) is { } place)
            throw new UsageException(
                $"--parts {place}: a {(plans ? "crawl" : "comparison")} in shards keeps what it does in a folder that all machines see, whose locks it needs; a bucket serves score and cache alone"
            );
        ShardStep[] steps =
        [
            .. plans && parsed.GetValue(plan) ? (ShardStep[])[ShardStep.Plan] : [],
            .. parsed.GetValue(shard) is null ? (ShardStep[])[] : [ShardStep.Work],
            .. parsed.GetValue(finish) ? (ShardStep[])[ShardStep.Finish] : [],
            .. engine.IsIn(parsed) ? (ShardStep[])[ShardStep.Engine] : [],
        ];
        if (steps.Length > 1)
            throw new UsageException(
                $"{(plans ? "--plan, " : "")}--shard, --finish and --engine exclude each other; --engine finishes by itself"
            );
        ShardStep step = steps.FirstOrDefault(ShardStep.None);
        if (plans && parsed.GetValue(partitions) is { } count)
        {
            if (step is not (ShardStep.Plan or ShardStep.Work or ShardStep.Engine))
                throw new UsageException("--partitions goes with --plan, --shard or --engine");
            if (count is < 1 or > 65_536)
                throw new UsageException($"--partitions {count}: give 1 to 65536");
        }
        if (step != ShardStep.None && parsed.GetValue(CommonOptions.Overwrite))
            throw new UsageException(
                "--shard, --finish and --engine do no run again: the processes could not tell who begins anew; leave --overwrite out, or name another output"
            );
        if (ownRetry && parsed.GetValue(retry) && step is not (ShardStep.Work or ShardStep.Engine))
            throw new UsageException("--retry-failed goes with --shard or --engine");
        if (step != ShardStep.Engine && parsed.GetResult(lease) is { Implicit: false })
            throw new UsageException("--engine-lease goes with --engine");
        if (step == ShardStep.Engine)
            engine.In(parsed);
        if (step == ShardStep.Work)
            ShareIn(parsed);
        return step;
    }

    /// <summary>The share.</summary>
    public ShardShare ShareIn(ParseResult parsed) => ShardShare.Parse(parsed.GetValue(shard)!, Environment.GetEnvironmentVariable);

    /// <summary>Whether runs are tried again that failed.</summary>
    public bool RetriesIn(ParseResult parsed) => parsed.GetValue(retry);

    /// <summary>The partitions of a new plan; null for as many as suit.</summary>
    public int? PartitionsIn(ParseResult parsed) => parsed.GetValue(partitions);

    /// <summary>The coordinator of a crawl.</summary>
    public CrawlCoordinator CrawlCoordinatorIn(ParseResult parsed) =>
        new(engine.In(parsed), TimeSpan.FromSeconds(parsed.GetValue(lease)), PartitionsIn(parsed), parsed.GetValue(retry));

    /// <summary>The coordinator of a comparison.</summary>
    public CompareCoordinator CoordinatorIn(ParseResult parsed) =>
        new(engine.In(parsed), TimeSpan.FromSeconds(parsed.GetValue(lease)), parsed.GetValue(retry));
}
