// Decoding on several workers, results in the order of the inputs, bounded memory.

using System.Collections.Concurrent;
using DataFreeKD.Imaging;

namespace DataFreeKD.Probe;

internal static class OrderedDecoder
{
    /// <summary>Decodes ahead of the consumer by at most <paramref name="ahead"/> images; order is kept.</summary>
    public static IEnumerable<DecodedInput> Decode(IEnumerable<ScoreInput> inputs, EvalTransform transform, int workers, int ahead, CancellationToken cancel)
    {
        using var queue = new BlockingCollection<Task<DecodedInput>>(ahead);
        using var slots = new SemaphoreSlim(workers);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task reader = Task.Factory.StartNew(() => Read(inputs, transform, queue, slots, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (Task<DecodedInput> task in queue.GetConsumingEnumerable(cancel)) yield return task.GetAwaiter().GetResult();
            reader.GetAwaiter().GetResult();
        }
        finally
        {
            // The consumer may leave early: the reader and its workers must end before what they use is disposed.
            stop.Cancel();
            try
            {
                reader.Wait(CancellationToken.None);
            }
            catch (AggregateException)
            {
                // Reported above where the consumer came so far.
            }
            while (queue.TryTake(out Task<DecodedInput>? left)) ((IAsyncResult)left).AsyncWaitHandle.WaitOne();
        }
    }

    private static void Read(IEnumerable<ScoreInput> inputs, EvalTransform transform, BlockingCollection<Task<DecodedInput>> queue, SemaphoreSlim slots, CancellationToken cancel)
    {
        try
        {
            foreach (ScoreInput input in inputs)
            {
                slots.Wait(cancel);
                Task<DecodedInput> task = Task.Run(() =>
                {
                    try
                    {
                        return DecodedInput.From(input, transform);
                    }
                    finally
                    {
                        slots.Release();
                    }
                }, CancellationToken.None);
                try
                {
                    queue.Add(task, cancel);
                }
                catch (OperationCanceledException)
                {
                    task.Wait(CancellationToken.None);
                    throw;
                }
            }
        }
        finally
        {
            queue.CompleteAdding();
        }
    }
}
