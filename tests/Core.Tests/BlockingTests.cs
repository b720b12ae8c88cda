// A thread that waits for a task must not be the one that the task waits for.

namespace DataFreeKD.Core.Tests;

public sealed class BlockingTests
{
    [Fact]
    public void Work_that_would_go_on_on_the_waiting_thread_goes_on_elsewhere()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        Window window = new();
        SynchronizationContext.SetSynchronizationContext(window);
        try
        {
            Assert.Equal(3, Blocking.Wait(Later));
            Assert.Same(window, SynchronizationContext.Current);
            Assert.Equal(0, window.Posted);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        static async Task<int> Later()
        {
            await Task.Yield();
            return 3;
        }
    }

    [Fact]
    public void What_a_task_throws_is_thrown_as_it_is_and_the_context_is_put_back()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        Window window = new();
        SynchronizationContext.SetSynchronizationContext(window);
        try
        {
            Assert.Throws<InvalidDataException>(() => Blocking.Wait(Fail));
            Assert.Same(window, SynchronizationContext.Current);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        static async Task Fail()
        {
            await Task.Yield();
            throw new InvalidDataException("damaged");
        }
    }

    // As a window's: what is posted runs on a thread that is waiting just now, so it would never run.
    private sealed class Window : SynchronizationContext
    {
        private int posted;

        public int Posted => posted;

        public override void Post(SendOrPostCallback work, object? state) => Interlocked.Increment(ref posted);
    }
}
