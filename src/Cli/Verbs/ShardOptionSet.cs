// The options that split a run into shards, and how they become the library's records.

using System.CommandLine;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Probe.Sharding;
using DataFreeKD.Storage;

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
/// <param name="work">What is done with a share: <c>Score</c>.</param>
/// <param name="units">What a shard holds.</param>
/// <param name="usual">How many of them.</param>
/// <param name="whole">What shards are joined into.</param>
/// <param name="table">Whether it is a table, whose rows may have failed and which may stay in parts.</param>
internal sealed class ShardOptionSet(string work, string units, int usual, string whole, bool table)
{
    private readonly Option<string?> shard = new("--shard")
    {
        Description =
            $"{work} this share of the shards: i/n takes each n-th, beginning with the i-th from 0; env is the place in a Slurm array or an Indexed Job of Kubernetes, env/n where that does not tell n",
        HelpName = "i/n|env",
    };
    private readonly Option<bool> plan = new("--plan")
    {
        Description = "Make the plan of shards alone (the first process of a share does it where it is missing)",
    };
    private readonly Option<bool> finish = new("--finish")
    {
        Description = $"Join the shards into the {whole}; exit code 3 where some are missing",
    };
    private readonly Option<int?> size = CommonOptions.OwnCount(
        "--shard-size",
        $"{units} a shard, rounded down to whole batches, with --plan, --shard or --engine [default: {usual:N0}]"
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
    private readonly PartsOptionSet parts = new(
        "Keep plan and parts below this prefix of an S3-compatible bucket in place of FILE.parts, with --plan, --shard, --finish, --engine or --resume",
        many: false
    );

    /// <summary>All, in the order of the help.</summary>
    public Option[] All =>
        [plan, shard, size, retry, finish, .. table ? (Option[])[allow, folder] : [], .. engine.All, lease, parts.Option];

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
        parts.AllIn(parsed);
        if (parts.IsIn(parsed) && step == ShardStep.None && !parsed.GetValue(CommonOptions.Resume))
            throw new UsageException("--parts goes with --plan, --shard, --finish, --engine or --resume");
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
        if (table && parsed.GetValue(allow) is not null && step is not (ShardStep.Finish or ShardStep.Engine))
            throw new UsageException("--allow-failed-shards goes with --finish or --engine");
        if (table && parsed.GetValue(folder) && step is not (ShardStep.Finish or ShardStep.Engine))
            throw new UsageException("--table-folder goes with --finish or --engine");
        if (step != ShardStep.Engine && parsed.GetResult(lease) is { Implicit: false })
            throw new UsageException("--engine-lease goes with --engine");
        if (table && parsed.GetValue(allow) < 0)
            throw new UsageException("--allow-failed-shards: give 0 or more");
        if (parsed.GetValue(shard) is { } text)
            ShardShare.Parse(text, Environment.GetEnvironmentVariable);
        return step;
    }

    /// <summary>The share.</summary>
    public ShardShare ShareIn(ParseResult parsed) =>
        parsed.GetValue(shard) is { } text ? ShardShare.Parse(text, Environment.GetEnvironmentVariable) : ShardShare.All;

    /// <summary>What a shard holds; null for the usual.</summary>
    public int? SizeIn(ParseResult parsed) => parsed.GetValue(size);

    /// <summary>Whether shards are tried again that failed.</summary>
    public bool RetriesIn(ParseResult parsed) => parsed.GetValue(retry);

    /// <summary>Where plan and parts lie; null for beside the output.</summary>
    public PartsBucket? PartsIn(ParseResult parsed) => parts.In(parsed);

    /// <summary>The engine.</summary>
    public EngineOptions EngineIn(ParseResult parsed) => engine.In(parsed);

    /// <summary>How long a worker's shard is its own.</summary>
    public TimeSpan LeaseIn(ParseResult parsed) => TimeSpan.FromSeconds(parsed.GetValue(lease));

    /// <summary>How a scoring run is split.</summary>
    public ShardOptions In(ParseResult parsed) =>
        new()
        {
            Share = ShareIn(parsed),
            Size = SizeIn(parsed),
            RetryFailed = RetriesIn(parsed),
        };

    /// <summary>How they are joined.</summary>
    public FinishOptions FinishIn(ParseResult parsed) =>
        new() { AllowFailed = parsed.GetValue(allow) ?? 0, TableFolder = parsed.GetValue(folder) };
}
