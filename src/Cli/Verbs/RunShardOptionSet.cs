// The options that split a comparison into its runs.

using System.CommandLine;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Share, finish and engine on the command line, where a shard is a run.</summary>
internal sealed class RunShardOptionSet
{
    private readonly Option<string?> shard = new("--shard")
    {
        Description =
            "Do this share of the runs: i/n takes each n-th, beginning with the i-th from 0; env is the place in a Slurm array or an Indexed Job of Kubernetes, env/n where that does not tell n",
        HelpName = "i/n|env",
    };
    private readonly Option<bool> retry = new("--retry-failed")
    {
        Description = "With --shard or --engine: try runs again that failed before",
    };
    private readonly Option<bool> finish = new("--finish")
    {
        Description = "Write the tables and do no run; exit code 3 where some are missing",
    };
    private readonly EngineOptionSet engine = new(
        "Have the runs done by the workers of this engine (nats-server with JetStream, nats:// or tls://), and write the tables; killed, the same command goes on",
        required: false
    );
    private readonly Option<int> lease = EngineOptionSet.Lease();

    /// <summary>All, in the order of the help.</summary>
    public Option[] All => [shard, retry, finish, .. engine.All, lease];

    /// <summary>Which step the arguments mean.</summary>
    /// <exception cref="UsageException">They contradict.</exception>
    public ShardStep StepIn(ParseResult parsed)
    {
        engine.Check(parsed);
        ShardStep[] steps =
        [
            .. parsed.GetValue(shard) is null ? (ShardStep[])[] : [ShardStep.Work],
            .. parsed.GetValue(finish) ? (ShardStep[])[ShardStep.Finish] : [],
            .. engine.IsIn(parsed) ? (ShardStep[])[ShardStep.Engine] : [],
        ];
        if (steps.Length > 1)
            throw new UsageException("--shard, --finish and --engine exclude each other; --engine finishes by itself");
        ShardStep step = steps.FirstOrDefault(ShardStep.None);
        if (step != ShardStep.None && parsed.GetValue(CommonOptions.Overwrite))
            throw new UsageException(
                "--shard, --finish and --engine do no run again: the processes could not tell who begins anew; leave --overwrite out, or name another output"
            );
        if (parsed.GetValue(retry) && step is not (ShardStep.Work or ShardStep.Engine))
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

    /// <summary>The coordinator.</summary>
    public CompareCoordinator CoordinatorIn(ParseResult parsed) =>
        new(engine.In(parsed), TimeSpan.FromSeconds(parsed.GetValue(lease)), parsed.GetValue(retry));
}
