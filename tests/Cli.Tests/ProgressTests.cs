// Progress off a terminal: few lines, none of them lost that matter.

using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Tests;

public sealed class ProgressTests
{
    [Fact]
    public void A_line_says_phase_count_share_and_detail()
    {
        Assert.Equal("score: 1,234 of 5,000 (25 %), 812 images/s", LineProgress<int>.Text(new("score", 1234, 5000, "812 images/s")));
        Assert.Equal("crawl: 17", LineProgress<int>.Text(new("crawl", 17, null, "")));
        Assert.Equal("crawl: 0", LineProgress<int>.Text(new("crawl", 0, 0, "")));
    }

    [Fact]
    public void Within_the_interval_only_first_last_and_new_phases_are_printed()
    {
        List<string> lines = [];
        LineProgress<(string Phase, int Done)> progress = new(
            value => new(value.Phase, value.Done, 100, ""),
            lines.Add,
            TimeSpan.FromHours(1)
        );

        for (int done = 1; done <= 100; done++)
            progress.Report(("decode", done));
        for (int done = 1; done <= 50; done++)
            progress.Report(("train", done));

        Assert.Equal(["decode: 1 of 100 (1 %)", "decode: 100 of 100 (100 %)", "train: 1 of 100 (1 %)"], lines);
    }

    [Fact]
    public void Without_an_interval_every_report_is_printed()
    {
        List<string> lines = [];
        LineProgress<int> progress = new(value => new("p", value, null, ""), lines.Add, TimeSpan.Zero);

        for (int done = 0; done < 10; done++)
            progress.Report(done);

        Assert.Equal(10, lines.Count);
    }

    // A run that is refused prints its error alone, whatever the processor would give a hint on.
    [Fact]
    public void A_hint_waits_for_the_first_report()
    {
        List<string> lines = [];
        LineProgress<int> printed = new(value => new("p", value, null, ""), lines.Add, TimeSpan.Zero);
        IProgress<int> progress = FirstReport<int>.With("hint: a flag", lines.Add, printed)!;
        Assert.Empty(lines);

        progress.Report(1);
        progress.Report(2);

        Assert.Equal(["hint: a flag", "p: 1", "p: 2"], lines);
        Assert.Same(printed, FirstReport<int>.With(null, lines.Add, printed));
        Assert.Null(FirstReport<int>.With("hint: a flag", lines.Add, null));
    }
}
