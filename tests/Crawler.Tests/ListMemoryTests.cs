// What a list costs in memory. Live memory is counted for the whole process, so nothing else may run beside it.

using DataFreeKD.Crawler.Sources;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class ListMemoryTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("list.txt", "", "https://example.org/{0}.jpg\n")]
    [InlineData("list.csv", "url,caption\n", "https://example.org/{0}.jpg,\"caption {0}\"\n")]
    [InlineData("list.jsonl", "", "{{\"url\": \"https://example.org/{0}.jpg\"}}\n")]
    [InlineData("list.json", "[", "\"https://example.org/{0}.jpg\",")]
    public void Memory_does_not_grow_with_the_list(string name, string head, string entry)
    {
        using (StreamWriter writer = new(folder[name]))
        {
            writer.Write(head);
            for (int i = 0; i < 100_000; i++)
                writer.Write(string.Format(System.Globalization.CultureInfo.InvariantCulture, entry, i));
            if (head == "[")
                writer.Write("\"https://example.org/end\"]");
        }
        long most = 0,
            start = GC.GetTotalMemory(forceFullCollection: true);
        int count = 0;
        foreach (ListedUrl listed in UrlList.Read(folder[name], new UrlColumns(), TestContext.Current.CancellationToken))
        {
            Assert.NotNull(listed.Url);
            if (++count % 25_000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - start);
        }
        Assert.InRange(count, 100_000, 100_001);
        Assert.InRange(most, long.MinValue, 4 << 20);
    }
}
