// Batches through decoding and the teacher on several workers, results in the order of the inputs, bounded memory. Own code, as a
// TransformBlock works on threads of the pool: libtorch's number of threads, which a thread keeps, would stay one on them for all that
// comes after, and could not be put back while another worker is at work. A block that fails also drops results that are ready.

using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>
/// Each worker takes the next batch, decodes its images and runs the teacher over them, on one thread. So there is no split of threads
/// between decoding and computing to choose: a core is never
/// idle while a batch is left, no two threads wait for one another inside an operator, and a batch gives the same bytes whatever the number
/// of workers.
/// </summary>
internal static class BatchWorkers
{
    /// <summary>Runs <paramref name="work"/> over batches of the inputs; at most two batches a worker are ahead of the consumer.</summary>
    /// <param name="inputs">Read on a thread of its own.</param>
    /// <param name="batchSize">Inputs a batch.</param>
    /// <param name="workers">Batches at work at the same time.</param>
    /// <param name="work">What a batch gives; runs with libtorch on one thread.</param>
    /// <param name="cancel">Ends the enumeration.</param>
    public static IEnumerable<T> Run<T>(
        IEnumerable<ScoreInput> inputs,
        int batchSize,
        int workers,
        Func<IReadOnlyList<ScoreInput>, T> work,
        CancellationToken cancel
    )
    {
        using BlockingCollection<(ScoreInput[] Batch, TaskCompletionSource<T> Result)> todo = new(workers);
        using BlockingCollection<Task<T>> ordered = new(2 * workers);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int threads = get_num_threads();
        Task reader = Start(() => Read(inputs, batchSize, todo, ordered, stop.Token));
        Task[] hands = [.. Enumerable.Range(0, workers).Select(_ => Start(() => Work(todo, work, stop.Token)))];
        try
        {
            foreach (Task<T> result in ordered.GetConsumingEnumerable(cancel))
            {
                // What the work threw is thrown as it is by the next line.
                Task.WaitAny([result], cancel);
                yield return Blocking.Wait(result);
            }
            Blocking.Wait(reader);
        }
        finally
        {
            // The consumer may leave early: reader and workers must end before what they use is disposed.
            stop.Cancel();
            try
            {
                Task.WaitAll([reader, .. hands], CancellationToken.None);
            }
            catch (AggregateException)
            {
                // Reported above where the consumer came so far.
            }
            set_num_threads(threads);
        }
    }

    private static Task Start(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Read<T>(
        IEnumerable<ScoreInput> inputs,
        int batchSize,
        BlockingCollection<(ScoreInput[], TaskCompletionSource<T>)> todo,
        BlockingCollection<Task<T>> ordered,
        CancellationToken cancel
    )
    {
        try
        {
            foreach (ScoreInput[] batch in inputs.Chunk(batchSize))
            {
                TaskCompletionSource<T> result = new();
                todo.Add((batch, result), cancel);
                ordered.Add(result.Task, cancel);
            }
        }
        finally
        {
            todo.CompleteAdding();
            ordered.CompleteAdding();
        }
    }

    private static void Work<T>(
        BlockingCollection<(ScoreInput[] Batch, TaskCompletionSource<T> Result)> todo,
        Func<IReadOnlyList<ScoreInput>, T> work,
        CancellationToken cancel
    )
    {
        // Of this thread; and of the library as a whole, which is why it is put back in the end.
        set_num_threads(1);
        foreach ((ScoreInput[] batch, TaskCompletionSource<T> result) in todo.GetConsumingEnumerable(cancel))
        {
            try
            {
                result.SetResult(work(batch));
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        }
    }
}
