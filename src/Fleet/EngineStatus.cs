// What an operator sees: the queues that the server has, and who answers.

using NATS.Client.JetStream;

namespace DataFreeKD.Fleet;

/// <summary>A run at the engine.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Stage">What computes it.</param>
/// <param name="Folder">The folder of its plan.</param>
/// <param name="Version">Version of the tool.</param>
/// <param name="Profile">Its numeric profile.</param>
/// <param name="Shards">Shards of the plan.</param>
/// <param name="Done">Finished ones: by its coordinator, or, where none answers, those that are not queued.</param>
/// <param name="InFlight">Those that workers have, or that wait for another try.</param>
/// <param name="Waiting">Those that nobody has.</param>
/// <param name="Poison">Those that are not tried again; null where no coordinator answers.</param>
/// <param name="RowsPerSecond">Of its coordinator, or of its workers together.</param>
/// <param name="SecondsLeft">At that speed; null where nothing is known.</param>
/// <param name="Coordinated">Whether a coordinator answers.</param>
internal sealed record RunStatus(
    string Run,
    string Stage,
    string Folder,
    string Version,
    string Profile,
    int Shards,
    int Done,
    int InFlight,
    long Waiting,
    int? Poison,
    double RowsPerSecond,
    double? SecondsLeft,
    bool Coordinated
);

/// <summary>The runs and the workers of an engine.</summary>
/// <param name="Runs">Runs, by name.</param>
/// <param name="Workers">Workers that answered, by machine and process.</param>
internal sealed record EngineStatus(IReadOnlyList<RunStatus> Runs, IReadOnlyList<WorkerStatus> Workers)
{
    private static readonly TimeSpan MostWait = TimeSpan.FromSeconds(2);

    /// <summary>Asks.</summary>
    /// <param name="options">The engine.</param>
    /// <param name="wait">How long answers are waited for; null: until there is silence and every shard in flight has its worker, at most 2
    /// seconds.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="EngineException">The engine is not there.</exception>
    public static async Task<EngineStatus> AskAsync(EngineOptions options, TimeSpan? wait, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using Engine engine = await Engine.ConnectAsync(options, "status", cancel);
        Task<List<(RunStream Stream, int InFlight, long Waiting)>> listing = ListAsync(engine, cancel);
        List<Answer> answers = await Presence.AskAsync(
            engine,
            wait ?? MostWait,
            cancel,
            wait is null
                ? found =>
                    listing.IsCompletedSuccessfully
                    && found.Count(answer => answer.Worker?.Shard is not null) >= listing.Result.Sum(queue => queue.InFlight)
                : null
        );
        List<(RunStream Stream, int InFlight, long Waiting)> queues = await listing;
        WorkerStatus[] workers =
        [
            .. answers
                .Select(answer => answer.Worker)
                .OfType<WorkerStatus>()
                .OrderBy(worker => worker.Host, StringComparer.Ordinal)
                .ThenBy(worker => worker.Process),
        ];
        return new EngineStatus(
            [.. queues.Select(queue => Of(queue.Stream.Run, queue.InFlight, queue.Waiting, answers, workers))],
            workers
        );
    }

    private static async Task<List<(RunStream Stream, int InFlight, long Waiting)>> ListAsync(Engine engine, CancellationToken cancel)
    {
        IReadOnlyList<RunStream> streams = await engine.ListAsync(cancel);
        List<(RunStream Stream, int InFlight, long Waiting)> queues = [];
        foreach (RunStream stream in streams)
        {
            try
            {
                INatsJSConsumer consumer = await engine.JetStream.GetConsumerAsync(stream.Name, Engine.Consumer, cancel);
                queues.Add((stream, (int)consumer.Info.NumAckPending, (long)consumer.Info.NumPending));
            }
            catch (NatsJSApiException gone) when (gone.Error.Code == 404)
            {
                // Finished between two questions.
            }
        }
        return queues;
    }

    private static RunStatus Of(FleetRun run, int inFlight, long waiting, List<Answer> answers, WorkerStatus[] workers)
    {
        FleetProgress? progress = answers.FirstOrDefault(answer => answer.Coordinator?.Run == run.Name)?.Coordinator?.Progress;
        int done = progress?.Done ?? (int)Math.Max(0, run.Shards - inFlight - waiting);
        double speed = workers.Where(worker => worker.Run == run.Name).Sum(worker => worker.RowsPerSecond);
        if (speed == 0)
            speed = progress?.RowsPerSecond ?? 0;
        long left = progress is null
            ? (long)(run.Rows * ((double)(inFlight + waiting) / Math.Max(1, run.Shards)))
            : run.Rows - progress.Rows;
        return new RunStatus(
            run.Name,
            run.Stage,
            run.Folder,
            run.Version,
            run.Profile,
            run.Shards,
            done,
            inFlight,
            waiting,
            progress?.Failed,
            Math.Round(speed, 1),
            speed > 0 ? Math.Round(left / speed, 1) : null,
            progress is not null
        );
    }
}
