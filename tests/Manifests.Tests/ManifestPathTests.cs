// Paths in tables move with their tree, and come back as the files they named.

using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class ManifestPathTests
{
    [Theory]
    [InlineData("/home/u/run/images/a.jpg", "/home/u/run/scores.csv", "images/a.jpg")]
    [InlineData("/home/u/store/a.jpg", "/home/u/run/scores.csv", "../store/a.jpg")]
    [InlineData("/data/a.jpg", "/home/u/scores.csv", "/data/a.jpg")]
    [InlineData("/homes/a.jpg", "/home/scores.csv", "/homes/a.jpg")]
    [InlineData("/home/u/s/0.tar::x/1.jpg", "/home/u/scores.csv", "s/0.tar::x/1.jpg")]
    [InlineData("/a.jpg", "/scores.csv", "a.jpg")]
    public void A_path_is_relative_where_it_can_move_with_its_table(string path, string table, string field)
    {
        Assert.Equal(field, ManifestPath.ToTable(path, table));
        Assert.Equal(path, ManifestPath.FromTable(field, table));
    }

    [Fact]
    public void A_relative_table_path_counts_from_the_working_folder() =>
        Assert.Equal(Path.GetFullPath("images/a.jpg"), ManifestPath.FromTable("images/a.jpg", "scores.csv"));

    [Fact]
    public void An_empty_path_is_refused() => Assert.Throws<TableException>(() => ManifestPath.FromTable("", "scores.csv"));

    [Theory]
    [InlineData("a.tar::b/c.jpg", "a.tar", "b/c.jpg")]
    [InlineData("a.jpg", "a.jpg", null)]
    public void A_member_splits_from_its_archive(string path, string file, string? member) =>
        Assert.Equal((file, member), ManifestPath.SplitMember(path));

    [Fact]
    public void A_path_is_unescaped_where_only_that_leads_to_a_file()
    {
        using TempFolder folder = new();
        string table = folder["t.csv"];
        foreach (string name in new[] { "a b.png", "c%20d.png", "\u00e9.png" })
            File.WriteAllText(folder[name], "x");

        Assert.Equal(folder["a b.png"], ManifestPath.FromTable("a%20b.png", table));
        Assert.Equal(folder["a b.png"], ManifestPath.FromTable("file://" + folder["a%20b.png"], table));
        Assert.Equal(folder["c%20d.png"], ManifestPath.FromTable("c%20d.png", table));
        Assert.Equal(folder["\u00e9.png"], ManifestPath.FromTable("%C3%A9.png", table));
        Assert.Equal(folder["n%20n.png"], ManifestPath.FromTable("n%20n.png", table));
        Assert.Equal(folder["~/nowhere.png"], ManifestPath.FromTable("~/nowhere.png", table));
    }

    [Theory]
    [InlineData("https://example.org/a.png")]
    [InlineData("s3://bucket/key.png")]
    [InlineData("hf://datasets/x/y.png")]
    public void An_address_stays_one(string address)
    {
        Assert.Equal(address, ManifestPath.FromTable(address, "/t/t.csv"));
        Assert.Equal(address, ManifestPath.ToTable(address, "/t/t.csv"));
    }

    [Fact]
    public void An_image_within_a_table_is_named_by_its_length_and_hash()
    {
        string one = ManifestPath.FromTable("data:image/png;base64," + new string('A', 100_000), "/t/t.csv"),
            other = ManifestPath.FromTable("data:image/png;base64," + new string('B', 100_000), "/t/t.csv");
        Assert.StartsWith("data:image/png;base64,...100022 characters", one, StringComparison.Ordinal);
        Assert.NotEqual(one, other);
        Assert.True(ManifestPath.IsAddress(one));
        Assert.False(ManifestPath.IsAddress("C://a.png"));
        Assert.False(ManifestPath.IsAddress("data:a.png"));
    }
}
