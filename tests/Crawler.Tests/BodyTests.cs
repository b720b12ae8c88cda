// Bodies under way: what is large lies on disk, and a bomb never takes the memory that it asks for.

using System.IO.Compression;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class BodyTests : IDisposable
{
    private const long Cap = 64 << 20;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(1 << 20)]
    [InlineData((5 << 20) + 3)]
    public async Task A_body_of_any_length_comes_back_as_it_was(int length)
    {
        byte[] bytes = Bytes(length);
        using Body body = await Read(new MemoryStream(bytes), null);
        Assert.Equal(length, body.Length);
        Assert.Equal(bytes, body.Unpacked());
        Assert.Equal(bytes, body.Unpacked());
    }

    [Fact]
    public async Task A_large_body_lies_in_a_scratch_file_until_it_is_done_with()
    {
        string scratch = folder["scratch"];
        using (Body large = await Read(new MemoryStream(Bytes(3 << 20)), null))
            Assert.Single(Directory.GetFiles(scratch));
        Assert.Empty(Directory.GetFiles(scratch));
        using (Body small = await Read(new MemoryStream(Bytes(3 << 10)), null))
            Assert.Empty(Directory.GetFiles(scratch));
    }

    [Fact]
    public async Task A_body_beyond_the_cap_is_refused_and_leaves_nothing()
    {
        FetchException refused = await Assert.ThrowsAsync<FetchException>(() => Read(new MemoryStream(Bytes(3 << 20)), null, 2 << 20));
        Assert.Equal(Reason.TooLarge, refused.Reason);
        Assert.Empty(Directory.GetFiles(folder["scratch"]));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("identity, gzip , br")]
    public async Task Codings_are_undone_from_the_last(string codings)
    {
        byte[] bytes = Bytes(2 << 20),
            packed = bytes;
        foreach (string coding in codings.Split(',', StringSplitOptions.TrimEntries))
            packed = Pack(packed, coding);
        using Body body = await Read(new MemoryStream(packed), codings);
        Assert.Equal(bytes, body.Unpacked());
    }

    [Fact]
    public async Task A_bomb_takes_next_to_no_memory()
    {
        byte[] bomb = Pack(new byte[Cap + 1], "gzip");
        using Body body = await Read(new MemoryStream(bomb), "gzip");
        long before = GC.GetAllocatedBytesForCurrentThread();
        FetchException refused = Assert.Throws<FetchException>(body.Unpacked);
        Assert.Equal(Reason.TooLarge, refused.Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public async Task A_bomb_within_a_bomb_is_refused()
    {
        using Body body = await Read(new MemoryStream(Pack(Pack(new byte[2 * Cap], "gzip"), "gzip")), "gzip, gzip");
        Assert.Equal(Reason.TooLarge, Assert.Throws<FetchException>(body.Unpacked).Reason);
    }

    [Theory]
    [InlineData("compress")]
    [InlineData("gzip, gzip, gzip, gzip")]
    [InlineData("gzip")]
    public async Task What_is_not_packed_as_it_says_is_a_bad_encoding(string codings)
    {
        using Body body = await Read(new MemoryStream(Bytes(1000)), codings);
        Assert.Equal(Reason.BadEncoding, Assert.Throws<FetchException>(body.Unpacked).Reason);
    }

    // zlib reports some damage by an exception of its own.
    [Fact]
    public void A_preset_dictionary_is_a_bad_encoding()
    {
        byte[] packed = [0x78, 0xBB, 1, 2, 3, 4, 5, 6, 7, 8];
        FetchException refused = Assert.Throws<FetchException>(() =>
            Unpacking.Undo(() => new MemoryStream(packed), packed.Length, ["deflate"], Cap)
        );
        Assert.Equal(Reason.BadEncoding, refused.Reason);
    }

    [Fact]
    public async Task A_disk_that_fails_is_no_fault_of_the_server()
    {
        File.WriteAllText(folder["scratch"], "in the way");
        await Assert.ThrowsAsync<ScratchException>(() => Read(new MemoryStream(Bytes(3 << 20)), null));
    }

    private Task<Body> Read(Stream stream, string? codings, long cap = Cap) =>
        Body.Read(stream, null, codings is null ? [] : [codings], cap, folder["scratch"], TestContext.Current.CancellationToken);

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Pack(byte[] bytes, string coding)
    {
        if (coding == "identity")
            return bytes;
        using MemoryStream packed = new();
        using (
            Stream stream = coding switch
            {
                "gzip" => new GZipStream(packed, CompressionLevel.Fastest),
                "deflate" => new ZLibStream(packed, CompressionLevel.Fastest),
                _ => new BrotliStream(packed, CompressionLevel.Fastest),
            }
        )
            stream.Write(bytes);
        return packed.ToArray();
    }
}
