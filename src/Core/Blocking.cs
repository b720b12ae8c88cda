// The one place where a thread waits for a task.

namespace DataFreeKD.Core;

/// <summary>
/// Lets a synchronous stage wait for work that is asynchronous: a library that offers nothing else (Parquet.Net, System.Text.Json), a
/// crawl, or a task that a stage started itself to use another core. The stages compute, so a thread is theirs anyway; what waits for the
/// network is asynchronous throughout and waits here only where its caller asks for it.
/// </summary>
internal static class Blocking
{
    /// <summary>Waits for work that begins here. The caller's synchronization context is put aside for as long, so that no continuation
    /// waits for the very thread that waits for it (a window's, for example).</summary>
    /// <param name="work">Starts it.</param>
    public static T Wait<T>(Func<Task<T>> work)
    {
        SynchronizationContext? callers = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return Wait(work());
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(callers);
        }
    }

    /// <inheritdoc cref="Wait{T}(Func{Task{T}})"/>
    public static void Wait(Func<Task> work) =>
        Wait(async () =>
        {
            await work().ConfigureAwait(false);
            return true;
        });

    /// <summary>Waits for a task that runs on other threads.</summary>
    public static T Wait<T>(Task<T> running) => running.GetAwaiter().GetResult();

    /// <inheritdoc cref="Wait{T}(Task{T})"/>
    public static void Wait(Task running) => running.GetAwaiter().GetResult();
}
