// Whoever is at work answers when asked: nothing is kept on the server, and who is gone does not answer.

using NATS.Client.Core;

namespace DataFreeKD.Fleet;

/// <summary>A coordinator's answer.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Process">Its process.</param>
/// <param name="Since">When it began.</param>
/// <param name="Run">Its run.</param>
/// <param name="Progress">Where that stands.</param>
internal sealed record CoordinatorPresence(string Host, int Process, DateTime Since, string Run, FleetProgress Progress);

/// <summary>An answer.</summary>
internal sealed record Answer
{
    public CoordinatorPresence? Coordinator { get; init; }

    public WorkerStatus? Worker { get; init; }
}

/// <summary>Answers as long as it lives.</summary>
internal sealed class Presence : IAsyncDisposable
{
    /// <summary>Where it is asked.</summary>
    public const string Subject = "dfkd.who";

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(0.3);

    private readonly CancellationTokenSource end = new();
    private readonly Task answering;

    private Presence(Engine engine, Func<Answer> answer) => answering = AnswerAsync(engine.Connection, answer, end.Token);

    public static Presence Of(Engine engine, Func<CoordinatorPresence> coordinator) =>
        new(engine, () => new Answer { Coordinator = coordinator() });

    public static Presence Of(Engine engine, Func<WorkerStatus> worker) => new(engine, () => new Answer { Worker = worker() });

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await answering;
        end.Dispose();
    }

    /// <summary>Asks, and waits so long for answers.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="wait">How long at most.</param>
    /// <param name="cancel">Stops.</param>
    /// <param name="enough">Whether all those who must be there have answered: then a short silence is the end.</param>
    public static async Task<List<Answer>> AskAsync(
        Engine engine,
        TimeSpan wait,
        CancellationToken cancel,
        Func<IReadOnlyList<Answer>, bool>? enough = null
    )
    {
        List<Answer> answers = [];
        string inbox = engine.Connection.NewInbox();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        end.CancelAfter(wait);
        try
        {
            await using INatsSub<byte[]> subscription = await engine.Connection.SubscribeCoreAsync<byte[]>(
                inbox,
                cancellationToken: end.Token
            );
            await engine.Connection.PublishAsync(Subject, replyTo: inbox, cancellationToken: end.Token);
            Task<bool> next = subscription.Msgs.WaitToReadAsync(end.Token).AsTask();
            while (true)
            {
                // Silence, not slowness of this process: what has come is read first.
                if (await Task.WhenAny(next, Task.Delay(Silence, end.Token)) != next && enough?.Invoke(answers) == true)
                    return answers;
                if (!next.IsCompleted)
                    continue;
                if (!await next)
                    return answers;
                while (subscription.Msgs.TryRead(out NatsMsg<byte[]> message))
                {
                    if (EngineJson.Read<Answer>(message.Data) is { } answer)
                        answers.Add(answer);
                }
                next = subscription.Msgs.WaitToReadAsync(end.Token).AsTask();
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Whoever answers has done so.
        }
        return answers;
    }

    private static async Task AnswerAsync(NatsConnection connection, Func<Answer> answer, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (NatsMsg<byte[]> asked in connection.SubscribeAsync<byte[]>(Subject, cancellationToken: cancel))
                {
                    if (asked.ReplyTo is not null)
                        await asked.ReplyAsync(EngineJson.Bytes(answer()), cancellationToken: cancel);
                }
            }
            catch (Exception ended) when (ended is OperationCanceledException || Engine.IsTrouble(ended))
            {
                // Away for a moment, or at the end.
                await Task.Delay(TimeSpan.FromSeconds(1), cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}
