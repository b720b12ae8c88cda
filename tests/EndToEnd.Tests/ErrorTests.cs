// What a user gets wrong: one line that says what, where and how to mend it, and exit code 2.

using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class ErrorTests(TinyWorld world)
{
    [Fact]
    public void A_missing_scores_table_is_named()
    {
        using TempFolder folder = new();

        string line = Programs.RunDfkd("select", folder["none.csv"], "--budget", "10", "-o", folder["out.csv"]).Refuses();

        Assert.Contains("none.csv", line, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.csv"]));
    }

    [Fact]
    public void A_missing_image_folder_is_named()
    {
        using TempFolder folder = new();

        string line = Programs.RunDfkd("score", folder["nowhere"], "--teacher", world.Teacher, "-o", folder["scores.csv"]).Refuses();

        Assert.Contains("nowhere", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_teacher_is_named()
    {
        using TempFolder folder = new();

        string line = Programs.RunDfkd("score", world.Wild, "--teacher", folder["no-teacher"], "-o", folder["scores.csv"]).Refuses();

        Assert.Contains("no-teacher", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("score")]
    [InlineData("explain")]
    [InlineData("evaluate")]
    [InlineData("distill")]
    [InlineData("prune")]
    public void A_device_that_does_not_exist_is_named(string verb)
    {
        using TempFolder folder = new();
        string[] args = verb switch
        {
            "score" => [world.Wild, "--teacher", world.Teacher, "-o", folder["scores.csv"]],
            "explain" => [Directory.EnumerateFiles(world.Test, "*", SearchOption.AllDirectories).First(), "--teacher", world.Teacher],
            "evaluate" => [world.Teacher, "--data", world.Test],
            "distill" => [world.Selected, "--teacher", world.Teacher, "--student", TinyWorld.Spec, "-o", folder["student"], "--steps", "1"],
            _ => [world.Teacher, world.Selected, "-o", folder["pruned"]],
        };

        string line = Programs.RunDfkd([verb, .. args, "--device", "foo"]).Refuses();

        Assert.Equal("error: device 'foo' is unknown: use cpu, cuda or cuda:N", line);
    }

    [Fact]
    public void A_text_file_is_no_model()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["model.safetensors"], "this is not a model");

        string line = Programs.RunDfkd("inspect", folder["model.safetensors"]).Refuses();

        Assert.Contains("model.safetensors", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_without_the_columns_of_the_method_is_refused_with_their_names()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["scores.csv"], "path,status\na.png,ok\n");

        string line = Programs
            .RunDfkd("select", folder["scores.csv"], "--method", "entropy", "--budget", "1", "-o", folder["out.csv"])
            .Refuses();

        Assert.Contains("entropy", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unknown verb", "conjure")]
    [InlineData("missing budget", "select", "scores.csv", "-o", "out.csv")]
    [InlineData("missing output", "select", "scores.csv", "--budget", "1")]
    [InlineData("budget that is no number", "select", "scores.csv", "--budget", "many", "-o", "out.csv")]
    [InlineData("unknown method", "select", "scores.csv", "--budget", "1", "--method", "astrology", "-o", "out.csv")]
    [InlineData("a mix of difficulty without shares", "select", "scores.csv", "--budget", "1", "--difficulty", "easy", "-o", "out.csv")]
    [InlineData("near duplicates out of reach", "select", "scores.csv", "--budget", "1", "--near-duplicates", "9", "-o", "out.csv")]
    [InlineData("a spread over nothing", "select", "scores.csv", "--budget", "1", "--diversity", "k-centre", "-o", "out.csv")]
    [InlineData("advice and a size", "select", "scores.csv", "--advise", "audit.csv", "--budget", "1")]
    [InlineData("an audit too small", "select", "scores.csv", "--advise", "audit.csv", "--audit-size", "3")]
    [InlineData("option that does not exist", "inspect", "model", "--sparkle")]
    [InlineData(
        "a loss that does not exist",
        "distill",
        "selected.csv",
        "--teacher",
        "t",
        "--student",
        "s",
        "-o",
        "o",
        "--loss",
        "kd+porbe"
    )]
    [InlineData(
        "both steps and epochs",
        "train",
        "data",
        "--model",
        "vit:img=32,patch=8,dim=32,depth=2,heads=2",
        "-o",
        "m",
        "--steps",
        "1",
        "--epochs",
        "1"
    )]
    [InlineData(
        "two ways to begin",
        "train",
        "data",
        "--model",
        "vit:img=32,patch=8,dim=32,depth=2,heads=2",
        "-o",
        "m",
        "--resume",
        "--overwrite"
    )]
    public void Bad_usage_is_one_line(string what, params string[] args)
    {
        string line = Programs.RunDfkd(args).Refuses();

        Assert.True(line.Length > 20, $"{what}: '{line}' says too little");
    }

    [Fact]
    public void An_earlier_output_is_not_replaced_unasked()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("select", world.Scores, "--budget", "5", "-o", folder["selected.csv"]).Succeeds();
        byte[] before = File.ReadAllBytes(folder["selected.csv"]);

        string line = Programs.RunDfkd("select", world.Scores, "--budget", "9", "-o", folder["selected.csv"]).Refuses();

        Assert.Contains("--overwrite", line, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(folder["selected.csv"]));
        Programs.RunDfkd("select", world.Scores, "--budget", "9", "-o", folder["selected.csv"], "--overwrite").Succeeds();
        Assert.NotEqual(before, File.ReadAllBytes(folder["selected.csv"]));
    }
}
