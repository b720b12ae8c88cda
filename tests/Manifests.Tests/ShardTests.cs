// Shards: readable by any tar reader, equal bytes for equal samples, and never seen half.

using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class ShardTests
{
    [Fact]
    public void A_shard_holds_image_caption_and_facts_of_each_sample_in_order()
    {
        using TempFolder folder = new();
        List<string> paths = Write(folder["shards"], 5, perShard: 2);

        Assert.Equal(
            ["00000.tar", "00001.tar", "00002.tar"],
            Directory.GetFiles(folder["shards"]).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal([$"{folder["shards/00000.tar"]}::k0.jpg", $"{folder["shards/00000.tar"]}::k1.png"], paths.Take(2));
        Assert.Equal(
            ["k0.jpg", "k0.txt", "k0.json", "k1.png", "k1.json"],
            Members(folder["shards/00000.tar"]).Select(member => member.Name)
        );
        Assert.Equal("a dog – asleep", Encoding.UTF8.GetString(Members(folder["shards/00000.tar"])[1].Bytes));
        Assert.Equal(
            """{"url":"http://a.example/0?x=1&y=2","width":20}""",
            Encoding.UTF8.GetString(Members(folder["shards/00000.tar"])[2].Bytes)
        );
        Assert.Equal(["k4.jpg", "k4.txt", "k4.json"], Members(folder["shards/00002.tar"]).Select(member => member.Name));
    }

    [Fact]
    public void Equal_samples_give_equal_bytes()
    {
        using TempFolder folder = new();
        Write(folder["one"], 4, perShard: 3);
        Write(folder["two"], 4, perShard: 3);
        foreach (string name in (string[])["00000.tar", "00001.tar"])
            Assert.Equal(File.ReadAllBytes(folder[$"one/{name}"]), File.ReadAllBytes(folder[$"two/{name}"]));
    }

    [Fact]
    public void A_member_carries_no_time_owner_or_machine()
    {
        using TempFolder folder = new();
        Write(folder["shards"], 1, perShard: 1);
        using TarReader reader = new(File.OpenRead(folder["shards/00000.tar"]));
        UstarTarEntry entry = (UstarTarEntry)reader.GetNextEntry()!;
        Assert.Equal(
            (DateTimeOffset.UnixEpoch, 0, 0, "", "", "rw-r--r--"),
            (entry.ModificationTime, entry.Uid, entry.Gid, entry.UserName, entry.GroupName, Text(entry.Mode))
        );
    }

    [Fact]
    public void A_shard_is_seen_only_when_it_is_whole()
    {
        using TempFolder folder = new();
        using (ShardWriter writer = new(folder["shards"], 2))
        {
            writer.Add(Sample(0));
            Assert.Empty(Directory.GetFiles(folder["shards"], "*.tar"));
            writer.Add(Sample(1));
            Assert.Single(Directory.GetFiles(folder["shards"], "*.tar"));
            writer.Add(Sample(2));
        }
        Assert.Equal(["00000.tar"], Directory.GetFiles(folder["shards"]).Select(Path.GetFileName));
        Assert.Equal(5, Members(folder["shards/00000.tar"]).Count);
    }

    [Fact]
    public void Numbering_goes_on_where_it_is_told()
    {
        using TempFolder folder = new();
        using ShardWriter writer = new(folder["shards"], 10, firstShard: 12);
        writer.Add(Sample(0));
        writer.Complete();
        writer.Complete();
        Assert.Equal(["00012.tar"], Directory.GetFiles(folder["shards"]).Select(Path.GetFileName));
    }

    [Fact]
    public void A_class_is_a_member_of_its_own()
    {
        using TempFolder folder = new();
        using (ShardWriter writer = new(folder["shards"], 1))
            writer.Add(Sample(0) with { Class = 7 });
        List<(string Name, byte[] Bytes)> members = Members(folder["shards/00000.tar"]);
        Assert.Equal(["k0.jpg", "k0.cls", "k0.txt", "k0.json"], members.Select(member => member.Name));
        Assert.Equal("7", Encoding.ASCII.GetString(members[1].Bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("../a")]
    [InlineData("a/b")]
    [InlineData("ä")]
    public void A_key_that_would_not_be_one_members_name_is_refused(string key)
    {
        using TempFolder folder = new();
        using ShardWriter writer = new(folder["shards"], 10);
        Assert.Throws<ArgumentException>(() => writer.Add(Sample(0) with { Key = key }));
    }

    private static ShardSample Sample(int i) =>
        new(
            $"k{i}",
            NoiseBitmap.Of(20, 16, i),
            i % 2 == 0 ? "jpeg" : "png",
            i % 2 == 0 ? "a dog – asleep" : null,
            new JsonObject { ["url"] = $"http://a.example/{i}?x=1&y=2", ["width"] = 20 }
        );

    private static List<string> Write(string folder, int count, int perShard)
    {
        using ShardWriter writer = new(folder, perShard);
        List<string> paths = [.. Enumerable.Range(0, count).Select(i => writer.Add(Sample(i)))];
        writer.Complete();
        return paths;
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

    private static string Text(UnixFileMode mode) =>
        string.Concat("rwxrwxrwx".Select((letter, i) => ((int)mode >> 8 - i & 1) != 0 ? letter : '-'));
}
