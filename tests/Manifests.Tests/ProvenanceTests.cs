// Provenance stands beside its table and comes back as written.

using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class ProvenanceTests
{
    [Fact]
    public void It_comes_back_as_written()
    {
        using TempFolder folder = new();
        Provenance written = new()
        {
            Version = Provenance.ToolVersion,
            Command = "score",
            Options = new Dictionary<string, string> { ["batch-size"] = "64" },
            Seed = 7,
            Inputs = new Dictionary<string, string> { ["a.csv"] = "ab" },
            Counts = new Dictionary<string, long> { ["ok"] = 3, ["failed/decode_error"] = 1 },
            Seconds = 1.5,
        };
        written.WriteBeside(folder["scores.csv"]);
        Assert.True(File.Exists(folder["scores.json"]));
        Provenance read = Provenance.ReadBeside(folder["scores.csv"])!;
        Assert.Equivalent(written, read, strict: true);
    }

    [Fact]
    public void It_is_null_where_absent_and_an_error_where_broken()
    {
        using TempFolder folder = new();
        Assert.Null(Provenance.ReadBeside(folder["scores.csv"]));
        File.WriteAllText(folder["scores.json"], "{");
        Assert.Contains("scores.json", Assert.Throws<TableException>(() => Provenance.ReadBeside(folder["scores.csv"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void The_hash_of_a_file_is_fips_180s(string text, string hash)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["x"], text);
        Assert.Equal(hash, Provenance.HashFile(folder["x"], TestContext.Current.CancellationToken));
    }
}
