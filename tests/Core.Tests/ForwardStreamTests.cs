// Bytes that were read to see what a stream is, put back in front of it.

namespace DataFreeKD.Core.Tests;

public sealed class ForwardStreamTests
{
    [Fact]
    public void The_bytes_come_first_then_the_rest_and_the_rest_is_closed_with_it()
    {
        MemoryStream rest = new([4, 5, 6]);
        using MemoryStream all = new();
        using (PrefixedStream stream = new(new byte[] { 1, 2, 3 }, rest))
            stream.CopyTo(all, 2);

        Assert.Equal([1, 2, 3, 4, 5, 6], all.ToArray());
        Assert.False(rest.CanRead);
    }

    [Fact]
    public async Task What_waits_for_the_rest_waits_asynchronously()
    {
        using AsyncOnly rest = new();
        using MemoryStream all = new();
        await using (PrefixedStream stream = new(new byte[] { 1, 2 }, rest))
            await stream.CopyToAsync(all, TestContext.Current.CancellationToken);

        Assert.Equal([1, 2, 3], all.ToArray());
    }

    // As the body of an answer is.
    private sealed class AsyncOnly : ForwardStream
    {
        private bool given;

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (given)
                return ValueTask.FromResult(0);
            given = true;
            buffer.Span[0] = 3;
            return ValueTask.FromResult(1);
        }
    }
}
