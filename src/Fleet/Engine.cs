// A connection to the engine, and the streams of runs there.

using System.Security.Cryptography;
using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace DataFreeKD.Fleet;

/// <summary>The stream of a run's incarnation.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Run">Its run.</param>
internal sealed record RunStream(INatsJSStream Stream, FleetRun Run)
{
    public string Name => Stream.Info.Config.Name!;

    public string Subject => Engine.SubjectOf(Run.Stage, Name);
}

/// <summary>
/// One stream and one consumer a run and incarnation, called <c>DFKD-RUN-NONCE</c>. An acknowledgement names the stream and a number there:
/// were a lost stream made anew under its name, old acknowledgements would remove other shards.
/// </summary>
internal sealed class Engine : IAsyncDisposable
{
    /// <summary>Subjects of shards.</summary>
    public const string Subjects = "dfkd.shards.>";

    /// <summary>The consumer of every stream.</summary>
    public const string Consumer = "workers";

    /// <summary>Prefix of the streams.</summary>
    public const string Prefix = "DFKD-";

    // Those that wait for another try count too.
    private const int MostAtOnce = 4096;

    private readonly NatsConnection connection;

    private Engine(NatsConnection connection)
    {
        this.connection = connection;
        JetStream = new NatsJSContext(connection, new NatsJSOpts(connection.Opts));
    }

    public NatsConnection Connection => connection;

    public NatsJSContext JetStream { get; }

    public static string SubjectOf(string stage, string stream) => $"dfkd.shards.{stage}.{stream}";

    /// <summary>Connects, and sees that work can be queued there.</summary>
    /// <exception cref="EngineException">There is no server, no way in, or no JetStream.</exception>
    public static async Task<Engine> ConnectAsync(EngineOptions options, string role, CancellationToken cancel)
    {
        options.Validate();
        NatsConnection connection = new(options.ToClient($"dfkd {role} on {Environment.MachineName}"));
        try
        {
            await connection.ConnectAsync().AsTask().WaitAsync(cancel);
        }
        catch (Exception wrong) when (wrong is not OperationCanceledException)
        {
            await connection.DisposeAsync();
            Exception inner = wrong;
            while (inner.InnerException is { } deeper)
                inner = deeper;
            throw new EngineException(
                $"no engine at {options.Shown}: {inner.Message.TrimEnd('.')}; start nats-server -js there, or see address and credentials"
            );
        }
        Engine engine = new(connection);
        try
        {
            await engine.JetStream.GetAccountInfoAsync(cancel);
            return engine;
        }
        catch (Exception wrong) when (IsTrouble(wrong))
        {
            await engine.DisposeAsync();
            throw new EngineException(
                $"the server at {options.Shown} gives no JetStream: {wrong.Message.TrimEnd('.')}; start it with -js, and let the account use it"
            );
        }
    }

    /// <summary>Whether the engine is away or answers badly, which may pass.</summary>
    public static bool IsTrouble(Exception wrong) => wrong is NatsException or TimeoutException or IOException or ObjectDisposedException;

    /// <summary>The streams of runs, by name.</summary>
    public async Task<IReadOnlyList<RunStream>> ListAsync(CancellationToken cancel)
    {
        List<RunStream> streams = [];
        await foreach (INatsJSStream stream in JetStream.ListStreamsAsync(Subjects, cancel))
        {
            if (
                stream.Info.Config is { Name: { } name, Description: { } text }
                && name.StartsWith(Prefix, StringComparison.Ordinal)
                && EngineJson.Read<FleetRun>(Encoding.UTF8.GetBytes(text)) is { Stage: not null, Folder: not null, Plan: not null } run
            )
                streams.Add(new RunStream(stream, run));
        }
        streams.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return streams;
    }

    /// <summary>The stream of a run: the one that is there, else a new one. Those of earlier plans in its folder are removed.</summary>
    public async Task<RunStream> EnsureAsync(FleetRun run, TimeSpan lease, CancellationToken cancel)
    {
        if (await FirstAsync(run, cancel) is not { } stream)
        {
            string name = $"{PrefixOf(run)}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
            await JetStream.CreateStreamAsync(
                new StreamConfig(name, [SubjectOf(run.Stage, name)])
                {
                    Description = EngineJson.Text(run),
                    Retention = StreamConfigRetention.Workqueue,
                    Storage = StreamConfigStorage.File,
                },
                cancel
            );
            // Another coordinator may have done the same: both take the first.
            stream = await FirstAsync(run, cancel) ?? throw new NatsJSException($"stream {name} is gone");
        }
        await JetStream.CreateOrUpdateConsumerAsync(
            stream.Name,
            new ConsumerConfig(Consumer)
            {
                AckPolicy = ConsumerConfigAckPolicy.Explicit,
                AckWait = lease,
                MaxDeliver = -1,
                MaxAckPending = MostAtOnce,
            },
            cancel
        );
        return stream;
    }

    /// <summary>Removes the streams of a run.</summary>
    public async Task RemoveAsync(FleetRun run, CancellationToken cancel)
    {
        foreach (RunStream stream in (await ListAsync(cancel)).Where(stream => IsOf(stream, run)))
            await RemoveAsync(stream.Name, cancel);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private static string PrefixOf(FleetRun run) => $"{Prefix}{run.Name}-";

    private static bool IsOf(RunStream stream, FleetRun run) => stream.Name.StartsWith(PrefixOf(run), StringComparison.Ordinal);

    private async Task<RunStream?> FirstAsync(FleetRun run, CancellationToken cancel)
    {
        RunStream? first = null;
        foreach (RunStream stream in (await ListAsync(cancel)).Where(stream => IsOf(stream, run)))
        {
            if (first is null && stream.Run.Plan == run.Plan)
                first = stream;
            else
                await RemoveAsync(stream.Name, cancel);
        }
        return first;
    }

    private async Task RemoveAsync(string name, CancellationToken cancel)
    {
        try
        {
            await JetStream.DeleteStreamAsync(name, cancel);
        }
        catch (NatsJSApiException gone) when (gone.Error.Code == 404)
        {
            // Removed by another coordinator, or lost.
        }
    }
}
