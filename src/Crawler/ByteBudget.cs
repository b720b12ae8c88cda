// How much of what was read may wait: images are read faster than they are decoded, and a hostile archive gives the largest that are allowed.

namespace DataFreeKD.Crawler;

/// <summary>Bytes in memory at a time, at most; one image of any size is always let through, so that nothing waits for ever.</summary>
/// <param name="most">Bytes.</param>
internal sealed class ByteBudget(long most)
{
    private readonly Lock gate = new();
    private TaskCompletionSource freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long held;

    /// <summary>Waits until there is room.</summary>
    public async Task Take(long bytes, CancellationToken cancel)
    {
        while (true)
        {
            Task room;
            lock (gate)
            {
                if (held == 0 || held + bytes <= most)
                {
                    held += bytes;
                    return;
                }
                room = freed.Task;
            }
            await room.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Gives back what was taken.</summary>
    public void Release(long bytes)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            held -= bytes;
            (waiting, freed) = (freed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        waiting.SetResult();
    }
}
