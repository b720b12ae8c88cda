// Claims about paths in tables, numbers as text, atomic files and provenance.

using CsCheck;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class FileTests
{
    [Fact]
    public void Every_single_reads_back_to_the_same_bits() =>
        Gen.Float.Where(value => !float.IsNaN(value)).Sample(value => BitConverter.SingleToInt32Bits((float)Parse(Numbers.Format(value))) == BitConverter.SingleToInt32Bits(value));

    [Fact]
    public void A_field_that_is_no_number_is_refused_with_row_and_column()
    {
        var error = Assert.Throws<TableException>(() => Parse("1,5"));
        Assert.Contains("row 7, column 'x'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/data/store/images/a.jpg", "images/a.jpg")]
    [InlineData("/data/other/a.jpg", "/data/other/a.jpg")]
    [InlineData("/data/store/shard.tar::x/../y.jpg", "shard.tar::x/../y.jpg")]
    public void Paths_below_the_table_are_relative_and_come_back(string path, string inTable)
    {
        Assert.Equal(inTable, ManifestPath.ToTable(path, "/data/store/manifest.csv"));
        Assert.Equal(path, ManifestPath.FromTable(inTable, "/data/store/manifest.csv"));
    }

    [Fact]
    public void A_replaced_file_is_whole_and_leaves_no_temporary_behind()
    {
        using var folder = new TempFolder();
        AtomicFile.WriteAllText(folder["a.txt"], "old");
        using (var file = new AtomicFile(folder["a.txt"])) file.Stream.Write("half"u8);
        Assert.Equal("old", File.ReadAllText(folder["a.txt"]));

        AtomicFile.WriteAllText(folder["a.txt"], "new");

        Assert.Equal("new", File.ReadAllText(folder["a.txt"]));
        Assert.Single(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public void Provenance_reads_back()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["in.txt"], "abc");
        var written = new Provenance { Version = "1", Command = "score", Seed = 3, Seconds = 0.5, Inputs = new Dictionary<string, string> { ["in.txt"] = Provenance.HashFile(folder["in.txt"], TestContext.Current.CancellationToken) } };

        written.WriteBeside(folder["scores.csv"]);
        Provenance read = Provenance.ReadBeside(folder["scores.csv"])!;

        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", read.Inputs["in.txt"]);
        Assert.Equal(3, read.Seed);
    }

    private static double Parse(string field) => Numbers.Parse(field, new TableRow(new TableHeader(["x"]), [field], 7), "x");
}
