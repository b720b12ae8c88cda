// The options that split a scoring run, and how they become the library's records.

using System.CommandLine;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Probe.Sharding;

namespace DataFreeKD.Cli.Verbs;

/// <summary>A step of a run in shards.</summary>
internal enum ShardStep
{
    /// <summary>The run is not split.</summary>
    None,

    /// <summary>The plan alone.</summary>
    Plan,

    /// <summary>A share of the shards.</summary>
    Work,

    /// <summary>Joining them.</summary>
    Finish,

    /// <summary>All of it, by the workers of an engine.</summary>
    Engine,
}

/// <summary>Plan, share and finish on the command line.</summary>
internal sealed class ShardOptionSet
{
    private readonly Option<string?> shard = new("--shard")
    {
        Description =
            "Score this share of the shards: i/n takes each n-th, beginning with the i-th from 0; env is the place in a Slurm array or an Indexed Job of Kubernetes, env/n where that does not tell n",
        HelpName = "i/n|env",
    };
    private readonly Option<bool> plan = new("--plan")
    {
        Description = "Make the plan of shards alone (the first process of a share does it where it is missing)",
    };
    private readonly Option<bool> finish = new("--finish")
    {
        Description = "Join the shards into the table; exit code 3 where some are missing",
    };
    private readonly Option<int?> size = CommonOptions.OwnCount(
        "--shard-size",
        $"Images a shard, rounded down to whole batches, with --plan, --shard or --engine [default: {ShardOptions.UsualSize:N0}]"
    );
    private readonly Option<bool> retry = new("--retry-failed")
    {
        Description = "With --shard or --engine: try shards again that failed before",
    };
    private readonly Option<int?> allow = CommonOptions.OwnCount(
        "--allow-failed-shards",
        "With --finish or --engine: write the images of at most N shards that failed as failed/shard"
    );
    private readonly Option<bool> folder = new("--table-folder")
    {
        Description =
            "With --finish or --engine: write NAME.table, a folder of the parts with an index, in place of one file; every verb reads it",
    };

    private readonly EngineOptionSet engine = new(
        "Have the shards computed by the workers of this engine (nats-server with JetStream, nats:// or tls://), and join them; killed, the same command goes on",
        required: false
    );
    private readonly Option<int> lease = EngineOptionSet.Lease();

    /// <summary>All, in the order of the help.</summary>
    public Option[] All => [plan, shard, size, retry, finish, allow, folder, .. engine.All, lease];

    /// <summary>Which step the arguments mean.</summary>
    /// <exception cref="UsageException">They contradict.</exception>
    public ShardStep StepIn(ParseResult parsed)
    {
        ShardStep step = (parsed.GetValue(plan), parsed.GetValue(shard) is not null, parsed.GetValue(finish)) switch
        {
            (false, false, false) => ShardStep.None,
            (true, false, false) => ShardStep.Plan,
            (false, true, false) => ShardStep.Work,
            (false, false, true) => ShardStep.Finish,
            _ => throw new UsageException("--plan, --shard and --finish exclude each other; the first --shard makes the plan by itself"),
        };
        engine.Check(parsed);
        if (engine.IsIn(parsed))
        {
            if (step != ShardStep.None)
                throw new UsageException("--engine plans, hands out and finishes; leave --plan, --shard and --finish out");
            step = ShardStep.Engine;
            engine.In(parsed);
        }
        if (step != ShardStep.None && parsed.GetValue(CommonOptions.Resume))
            throw new UsageException("--plan, --shard, --finish and --engine go on from what is there; leave --resume out");
        if (step == ShardStep.Engine && parsed.GetValue(CommonOptions.Overwrite))
            throw new UsageException(
                "--engine with --overwrite: the same command could not go on when it is run again; give --plan --overwrite first"
            );
        if (step == ShardStep.Work && parsed.GetValue(CommonOptions.Overwrite))
            throw new UsageException(
                "--shard with --overwrite: a share cannot tell the others to begin anew; give --plan --overwrite first"
            );
        if (parsed.GetValue(size) is not null && step is not (ShardStep.Plan or ShardStep.Work or ShardStep.Engine))
            throw new UsageException("--shard-size goes with --plan, --shard or --engine");
        if (parsed.GetValue(retry) && step is not (ShardStep.Work or ShardStep.Engine))
            throw new UsageException("--retry-failed goes with --shard or --engine");
        if (parsed.GetValue(allow) is not null && step is not (ShardStep.Finish or ShardStep.Engine))
            throw new UsageException("--allow-failed-shards goes with --finish or --engine");
        if (parsed.GetValue(folder) && step is not (ShardStep.Finish or ShardStep.Engine))
            throw new UsageException("--table-folder goes with --finish or --engine");
        if (step != ShardStep.Engine && parsed.GetResult(lease) is { Implicit: false })
            throw new UsageException("--engine-lease goes with --engine");
        if (parsed.GetValue(allow) < 0)
            throw new UsageException("--allow-failed-shards: give 0 or more");
        if (parsed.GetValue(shard) is { } text)
            ShardShare.Parse(text, Environment.GetEnvironmentVariable);
        return step;
    }

    /// <summary>The share.</summary>
    public ShardOptions In(ParseResult parsed) =>
        new()
        {
            Share = parsed.GetValue(shard) is { } text ? ShardShare.Parse(text, Environment.GetEnvironmentVariable) : ShardShare.All,
            Size = parsed.GetValue(size),
            RetryFailed = parsed.GetValue(retry),
        };

    /// <summary>The coordinator.</summary>
    public ScoreCoordinator CoordinatorIn(ParseResult parsed) =>
        new(engine.In(parsed), TimeSpan.FromSeconds(parsed.GetValue(lease)), In(parsed), FinishIn(parsed));

    /// <summary>How they are joined.</summary>
    public FinishOptions FinishIn(ParseResult parsed) =>
        new() { AllowFailed = parsed.GetValue(allow) ?? 0, TableFolder = parsed.GetValue(folder) };
}
