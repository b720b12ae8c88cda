// Bytes that were read to see what a stream is, put back in front of it.

namespace DataFreeKD.Core.Tests;

public sealed class ForwardStreamTests
{
    [Fact]
    public void The_bytes_come_first_then_the_rest_and_the_rest_is_closed_with_it()
    {
        MemoryStream rest = new([4, 5, 6]);
        using MemoryStream all = new();
        using (PrefixedStream stream = new(new byte[] { 1, 2, 3 }, rest)) stream.CopyTo(all, 2);

        Assert.Equal([1, 2, 3, 4, 5, 6], all.ToArray());
        Assert.False(rest.CanRead);
    }
}
