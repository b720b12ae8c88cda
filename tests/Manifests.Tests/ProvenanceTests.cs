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
        Assert.Contains(
            "scores.json",
            Assert.Throws<TableException>(() => Provenance.ReadBeside(folder["scores.csv"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void It_names_what_was_written_with_it_and_other_files_are_refused()
    {
        using TempFolder folder = new();
        foreach (string name in (string[])["scores.csv", "scores.embeddings.npy", "elsewhere.npy"])
            File.WriteAllText(folder[name], "");
        Made("score").WriteBeside(folder["scores.csv"], folder["scores.embeddings.npy"], folder["scores.gone.zip"]);
        Assert.Equal(["scores.csv", "scores.embeddings.npy"], Provenance.ReadBeside(folder["scores.csv"])!.Outputs);
        Provenance.RefuseForeign(folder["scores.csv"], overwrite: false, folder["scores.embeddings.npy"], folder["scores.gone.zip"]);
        foreach (bool overwrite in (bool[])[false, true])
            Assert.Contains(
                "elsewhere.npy is not this tool's",
                Assert
                    .Throws<TableException>(() => Provenance.RefuseForeign(folder["scores.csv"], overwrite, folder["elsewhere.npy"]))
                    .Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void That_of_another_output_is_replaced_only_where_told()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["scores.parquet"], "");
        Made("score").WriteBeside(folder["scores.parquet"]);
        Assert.Contains(
            "is the provenance of scores.parquet",
            Assert.Throws<TableException>(() => Provenance.RefuseForeign(folder["scores.csv"], overwrite: false)).Message,
            StringComparison.Ordinal
        );
        Provenance.RefuseForeign(folder["scores.csv"], overwrite: true);
        Provenance.RefuseForeign(folder["scores.parquet"], overwrite: false);
        // What it was of is gone.
        File.Delete(folder["scores.parquet"]);
        Provenance.RefuseForeign(folder["scores.csv"], overwrite: false);
    }

    [Theory]
    [InlineData("""{"version": "1.0", "command": "build"}""")]
    [InlineData("""{"version": "1.0", "command": ""}""")]
    [InlineData("{}")]
    public void Another_tools_file_of_its_name_is_foreign(string text)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["scores.json"], text);
        Assert.Contains(
            "is not this tool's",
            Assert.Throws<TableException>(() => Provenance.RefuseForeign(folder["scores.csv"], overwrite: true)).Message,
            StringComparison.Ordinal
        );
        Assert.False(Provenance.IsOwnBeside(folder["scores.csv"]));
    }

    [Fact]
    public void What_is_claimed_before_it_is_written_is_its_own()
    {
        using TempFolder folder = new();
        Provenance.Claim(folder["scores.csv"], "score", folder["scores.embeddings.npy"]);
        File.WriteAllText(folder["scores.embeddings.npy"], "");
        Provenance.RefuseForeign(folder["scores.csv"], overwrite: false, folder["scores.embeddings.npy"]);
    }

    [Fact]
    public void Earlier_versions_named_embeddings_alone()
    {
        using TempFolder folder = new();
        foreach (string name in (string[])["scores.csv", "scores.embeddings.npy", "scores.sample.csv"])
            File.WriteAllText(folder[name], "");
        File.WriteAllText(
            folder["scores.json"],
            """{"version": "0.1", "command": "score", "options": {"embeddings": "scores.embeddings.npy"}}"""
        );
        Provenance.RefuseForeign(folder["scores.csv"], overwrite: false, folder["scores.embeddings.npy"], folder["scores.sample.csv"]);
        File.WriteAllText(folder["scores.json"], """{"version": "0.1", "command": "score"}""");
        Assert.Throws<TableException>(() =>
            Provenance.RefuseForeign(folder["scores.csv"], overwrite: false, folder["scores.embeddings.npy"])
        );
        File.WriteAllText(folder["scores.parquet"], "");
        File.Delete(folder["scores.csv"]);
        Assert.Throws<TableException>(() => Provenance.RefuseForeign(folder["scores.csv"], overwrite: false));
    }

    private static Provenance Made(string command) => new() { Version = Provenance.ToolVersion, Command = command };

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
