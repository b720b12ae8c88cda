// The small world, made when the first test that is not skipped asks for it.

using DataFreeKD.Distiller.Tests;

namespace DataFreeKD.Device.Tests;

public sealed class LazyWorld : IDisposable
{
    private readonly Lazy<TinyWorld> world = new(() => new TinyWorld());

    public TinyWorld Value => world.Value;

    public void Dispose()
    {
        if (world.IsValueCreated)
            world.Value.Dispose();
    }
}
