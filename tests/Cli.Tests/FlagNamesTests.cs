// Libraries name properties, the command names flags.

using DataFreeKD.Crawler;
using DataFreeKD.Fleet;
using DataFreeKD.Packer;
using DataFreeKD.Probe;

namespace DataFreeKD.Cli.Tests;

public sealed class FlagNamesTests
{
    [Theory]
    [InlineData("BatchSize 0: give at least 1", "--batch-size 0: give at least 1", "BatchSize")]
    [InlineData("Workers 0: give at least 1", "--threads 0: give at least 1", "Workers")]
    [InlineData("t.csv exists; add Overwrite to replace it", "t.csv exists; add --overwrite to replace it", "Overwrite")]
    [InlineData("Runtime onnx: leave out Device cuda", "--runtime onnx: leave out --device cuda", "Runtime", "Device")]
    [InlineData("/Views/Views.csv: Views 0", "/Views/Views.csv: --views 0", "Views")]
    [InlineData("Views 0", "Views 0")]
    [InlineData("Size 12: leave it out", "--shard-size 12: leave it out", "Size")]
    [InlineData("no column 'Url'; name it with Columns.Url", "no column 'Url'; name it with --url-column", "Columns.Url")]
    [InlineData("name one with weightsKey, or as FILE#KEY", "name one with --weights-key, or as FILE#KEY", "weightsKey")]
    [InlineData("EmbeddingsPath $1.npy: is a folder", "--embeddings $1.npy: is a folder", "EmbeddingsPath")]
    public void Named_properties_become_flags_and_paths_stay(string message, string shown, params string[] options) =>
        Assert.Equal(shown, FlagNames.MessageOf(new ScoreException(message) { Options = options }));

    [Fact]
    public void One_property_may_be_another_flag_of_another_verb()
    {
        Assert.Equal("--shards 0", FlagNames.MessageOf(new CrawlException("ImagesPerShard 0") { Options = ["ImagesPerShard"] }));
        Assert.Equal("--shard-size 0", FlagNames.MessageOf(new PackException("ImagesPerShard 0") { Options = ["ImagesPerShard"] }));
    }

    [Fact]
    public void A_refusal_by_a_library_reaches_the_user_with_flags()
    {
        TeacherOptions options = new() { Teacher = "t", Views = 0 };
        (int code, string line) = Failures.Describe(Assert.Throws<ScoreException>(options.Validate), interrupted: false);
        Assert.Equal((ExitCode.BadInput, "error: --views 0: give 1 to 9"), (code, line));
    }

    [Fact]
    public void The_engines_address_is_its_flag() =>
        Assert.Equal(
            "--engine nowhere: give nats://HOST:4222, or tls://HOST:4222",
            FlagNames.MessageOf(Assert.Throws<EngineException>(new EngineOptions { Address = "nowhere" }.Validate))
        );

    [Fact]
    public void Every_flag_that_is_no_propertys_name_is_one_of_the_command() =>
        Assert.Empty(
            FlagNames.Irregular.Except(CommandLine.Build().Subcommands.SelectMany(verb => verb.Options).Select(flag => flag.Name))
        );
}
