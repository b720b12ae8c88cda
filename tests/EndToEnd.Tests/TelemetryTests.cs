// Nothing here reports home. ONNX Runtime does unless it is told not to: nobody who scores or serves with it asked for that.

using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class TelemetryTests(TinyWorld world)
{
    [Fact]
    public void Scoring_by_onnx_runtime_looks_up_no_name_opens_no_connection_and_leaves_no_file()
    {
        Assert.SkipWhen(Watched.Hindrance is not null, Watched.Hindrance ?? "");
        using TempFolder folder = new();
        Watched watched = Watched
            .Of(Programs.Dfkd, "score", world.Wild, "--teacher", world.Teacher, "--runtime", "onnx", "-o", folder["s.csv"])
            .KeptToItself();
        watched.Run.Succeeds();
    }

    [Fact]
    public void Exporting_looks_up_no_name_opens_no_connection_and_leaves_no_file()
    {
        Assert.SkipWhen(Watched.Hindrance is not null, Watched.Hindrance ?? "");
        using TempFolder folder = new();
        Watched watched = Watched
            .Of(Programs.Dfkd, "export", world.Teacher, "--onnx", folder["t.onnx"], "--check", world.Selected, "--labelled", world.Test)
            .KeptToItself();
        watched.Run.Succeeds();
    }

    [Fact]
    public void The_service_looks_up_no_name_opens_no_connection_and_leaves_no_file()
    {
        Assert.SkipWhen(Watched.Hindrance is not null, Watched.Hindrance ?? "");
        using TempFolder folder = new();
        Programs.RunDfkd("export", world.Teacher, "--onnx", folder["t.onnx"]).Succeeds();
        Watched watched = Watched
            .Of("timeout", "-s", "INT", "20", Programs.Sample("ClassifyService"), folder["t.onnx"], "--urls", "http://0.0.0.0:0")
            .KeptToItself();
        Assert.Contains("Now listening on", watched.Run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("crawl", "store")]
    [InlineData("score", "scores.csv")]
    [InlineData("select", "selected.csv")]
    [InlineData("pack", "shards")]
    [InlineData("cache", "teacher.cache")]
    [InlineData("prune", "pruned")]
    [InlineData("distill", "student")]
    [InlineData("train", "trained")]
    [InlineData("compare", "compared")]
    [InlineData("compress", "compressed")]
    [InlineData("run", "out")]
    [InlineData("report", "report.html")]
    [InlineData("explain", "explained.png")]
    [InlineData("contact-sheet", "sheet.png")]
    [InlineData("losses", "")]
    [InlineData("inspect", "")]
    [InlineData("doctor", "")]
    [InlineData("evaluate", "")]
    [InlineData("estimate", "")]
    [InlineData("auroc", "")]
    [InlineData("completion", "")]
    public void A_verb_without_web_sources_looks_up_no_name_opens_no_connection_and_leaves_no_file(string verb, string output)
    {
        Assert.SkipWhen(Watched.Hindrance is not null, Watched.Hindrance ?? "");
        using TempFolder folder = new();
        Watched watched = Watched.Of(Programs.Dfkd, VerbCommands.Of(world, folder, verb, folder[output])).KeptToItself();
        watched.Run.Succeeds();
    }

    [Fact]
    public void A_program_that_looks_up_a_name_is_seen()
    {
        Assert.SkipWhen(Watched.Hindrance is not null, Watched.Hindrance ?? "");
        Watched looked = Watched.Of("getent", "ahosts", "example.org"),
            connected = Watched.Of("bash", "-c", "touch ~/mark; exec 3<>/dev/tcp/192.0.2.1/443");

        Assert.True(looked.Calls is null || looked.Calls.Count > 0, "the lookup was not seen");
        Assert.True(connected.Unrouted > 0, "the connection was not counted");
        Assert.True(connected.Calls is null || connected.Calls.Count > 0, "the connection was not seen");
        Assert.Equal("mark", Path.GetFileName(Assert.Single(connected.Left)));
    }
}
