// How much of what was read may wait: images are read faster than they are decoded, and a hostile archive gives the largest that are
// allowed.

namespace DataFreeKD.Crawler;

/// <summary>Bytes in memory at a time: where they are this many, nothing more is read until some are given back. One image of any size may
/// go beyond, since its size is known only once it is read.</summary>
/// <param name="most">Bytes.</param>
internal sealed class ByteBudget(long most)
{
    private readonly Lock gate = new();
    private TaskCompletionSource freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long held;

    /// <summary>Waits until something more may be read.</summary>
    public async Task Room(CancellationToken cancel)
    {
        while (true)
        {
            Task room;
            lock (gate)
            {
                if (held < most)
                    return;
                room = freed.Task;
            }
            await room.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Says that so many bytes were read.</summary>
    public void Take(long bytes)
    {
        lock (gate)
            held += bytes;
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
