// webdataset shards as the system's own tar reader sees them.

using System.Formats.Tar;
using System.Text;
using System.Text.Json;

namespace DataFreeKD.Packer.Tests;

public sealed class ShardsTests : IDisposable
{
    private readonly PackWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void Each_image_has_its_class_caption_and_facts_under_one_key_in_the_order_of_the_table()
    {
        world.Add("images/b.jpg", 3, "dog", caption: "a \"dog\" <b>日本</b>").Add("images/a.jpg").Add("images/c.jpg");
        PackSummary summary = PackWorld.Pack(world.Options(PackFormat.Webdataset) with { ImagesPerShard = 2 });

        Assert.Equal((3, 2), (summary.Packed, summary.Shards));
        Assert.Equal(
            ["00000.tar", "00001.tar", "provenance.json"],
            Directory.GetFileSystemEntries(world["out/pack"]).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        List<(string Name, byte[] Bytes)> members = Members(world["out/pack/00000.tar"]);
        Assert.Equal(
            ["00000000.bmp", "00000000.cls", "00000000.txt", "00000000.json", "00000001.bmp", "00000001.cls", "00000001.json"],
            members.Select(member => member.Name)
        );
        Assert.Equal(PackWorld.Image(0), members[0].Bytes);
        Assert.Equal("3", Encoding.UTF8.GetString(members[1].Bytes));
        Assert.Equal("a \"dog\" <b>日本</b>", Encoding.UTF8.GetString(members[2].Bytes));
        JsonElement facts = JsonDocument.Parse(members[3].Bytes).RootElement;
        Assert.Equal("a \"dog\" <b>日本</b>", facts.GetProperty("caption").GetString());
        Assert.Equal(
            (3, "dog", 0.5, 1),
            (
                facts.GetProperty("prediction").GetInt64(),
                facts.GetProperty("class_name").GetString(),
                facts.GetProperty("confidence").GetDouble(),
                facts.GetProperty("rank").GetInt64()
            )
        );
        Assert.False(facts.TryGetProperty("path", out _));
        Assert.Equal(["00000002.bmp", "00000002.cls", "00000002.json"], Members(world["out/pack/00001.tar"]).Select(member => member.Name));
    }

    [Fact]
    public void A_row_without_a_prediction_has_no_class()
    {
        world.Add("a.jpg").Row("b.jpg", prediction: null, className: "");
        File.WriteAllBytes(world["b.jpg"], PackWorld.Image(1));
        PackWorld.Pack(world.Options(PackFormat.Webdataset));
        Assert.DoesNotContain("00000001.cls", Members(world["out/pack/00000.tar"]).Select(member => member.Name));
    }

    private static List<(string Name, byte[] Bytes)> Members(string shard)
    {
        using TarReader reader = new(File.OpenRead(shard));
        List<(string, byte[])> members = [];
        while (reader.GetNextEntry() is { } entry)
        {
            using MemoryStream bytes = new();
            entry.DataStream?.CopyTo(bytes);
            members.Add((entry.Name, bytes.ToArray()));
        }
        return members;
    }
}
