// dfkd engine: what goes on at an engine.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Verbs about an engine.</summary>
internal sealed class EngineVerb : Command
{
    public EngineVerb()
        : base("engine", "Look at an engine that hands out shards.") => Add(new EngineStatusVerb());
}

/// <summary>engine → runs and workers on stdout.</summary>
internal sealed class EngineStatusVerb : Verb
{
    private readonly Argument<string> address = new("ENGINE") { Description = "nats://HOST:4222 or tls://HOST:4222" };
    private readonly EngineOptionSet engine = new("The engine", required: false);
    private readonly Option<int?> wait = new Option<int?>("--wait")
    {
        Description =
            "Seconds to wait for the answers of workers and coordinators [default: at most 2, less where every shard in flight has its worker]",
        HelpName = "N",
    }.AtLeast(1);

    public EngineStatusVerb()
        : base(
            "status",
            "Tell which runs are at an engine, how far they are, and which workers answer.",
            "dfkd engine status nats://127.0.0.1:4222\ndfkd engine status tls://queue:4222 --engine-credentials operator.creds --json"
        )
    {
        Add(address);
        AddOptions(engine.Credentials, wait);
    }

    public override void Check(ParseResult parsed) => engine.At(parsed, parsed.GetRequiredValue(address));

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        EngineOptions options = engine.At(parsed, parsed.GetRequiredValue(address));
        EngineStatus status = Blocking.Wait(() =>
            EngineStatus.AskAsync(options, parsed.GetValue(wait) is { } seconds ? TimeSpan.FromSeconds(seconds) : null, cancel)
        );
        terminal.Print(status, () => Text(status));
    }

    private static string Text(EngineStatus status)
    {
        List<string> parts = [];
        parts.Add(
            status.Runs.Count == 0
                ? "no runs"
                : TextTable.Format(
                    ["run", "shards", "done", "in flight", "waiting", "poison", "rows/s", "left", "coordinator"],
                    status.Runs.Select(run =>
                        (IReadOnlyList<string>)
                            [
                                run.Run,
                                Number(run.Shards),
                                Number(run.Done),
                                Number(run.InFlight),
                                Number(run.Waiting),
                                run.Poison is { } poison ? Number(poison) : "?",
                                run.RowsPerSecond.ToString("F0", CultureInfo.InvariantCulture),
                                run.SecondsLeft is { } seconds ? Time(seconds) : "?",
                                run.Coordinated ? "yes" : "none",
                            ]
                    )
                )
        );
        parts.Add(
            status.Workers.Count == 0
                ? "no workers"
                : TextTable.Format(
                    ["worker", "isa", "numerics", "version", "shards", "rows", "rows/s", "has", "lease"],
                    status.Workers.Select(worker =>
                        (IReadOnlyList<string>)
                            [
                                string.Create(CultureInfo.InvariantCulture, $"{worker.Host}:{worker.Process}"),
                                worker.Instructions,
                                worker.Profile,
                                Short(worker.Version),
                                Number(worker.Shards),
                                Number(worker.Rows),
                                worker.RowsPerSecond.ToString("F0", CultureInfo.InvariantCulture),
                                worker.Run is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{worker.Run}/{worker.Shard}"),
                                worker.LeaseAge is { } age ? string.Create(CultureInfo.InvariantCulture, $"{age:F0} s") : "-",
                            ]
                    )
                )
        );
        parts.AddRange(
            status
                .Workers.Where(worker => worker.Refused is not null)
                .Select(worker => string.Create(CultureInfo.InvariantCulture, $"{worker.Host}:{worker.Process} refused {worker.Refused}"))
        );
        return string.Join("\n\n", parts);
    }

    // Of a commit's digest eight digits tell builds apart; --json has all.
    private static string Short(string version) =>
        version.IndexOf('+', StringComparison.Ordinal) is >= 0 and var at && version.Length > at + 9 ? version[..(at + 9)] : version;

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Time(double seconds) =>
        TimeSpan
            .FromSeconds(Math.Min(seconds, TimeSpan.FromDays(9999).TotalSeconds))
            .ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
}
