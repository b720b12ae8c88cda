// Paths in tables move with their tree, and come back as the files they named.

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
}
