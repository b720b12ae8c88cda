// What stands in a synth:// address.

using DataFreeKD.Crawler;
using DataFreeKD.Distiller.Synthesis;
using DataFreeKD.Toolkit.Synthesis;

namespace DataFreeKD.Cli.Tests;

public class SynthesisSourceTests
{
    [Fact]
    public void An_address_says_what_to_make()
    {
        SynthesisOptions options = SynthesisSource.Parse(
            "synth:///models/my teacher?count=12&steps=5&batch=3&heads=2&seed=7&lr=0.5&ce=2&pse=0&tv=1e-3&shift=1&flip=0",
            "cpu"
        );
        Assert.Equal(
            new SynthesisOptions
            {
                Teacher = "/models/my teacher",
                Count = 12,
                Steps = 5,
                BatchSize = 3,
                TeacherHeads = 2,
                Seed = 7,
                LearningRate = 0.5,
                CrossEntropy = 2,
                PatchEntropy = 0,
                TotalVariation = 1e-3,
                Shift = 1,
                Flip = false,
            },
            options
        );
    }

    [Theory]
    [InlineData("synth://?count=3", "no teacher")]
    [InlineData("synth://teacher", "how many")]
    [InlineData("synth://teacher?count=many", "count='many' is not a whole number")]
    [InlineData("synth://teacher?count=3&tv=nan", "tv='nan' is not a number")]
    [InlineData("synth://teacher?count=3&size=9", "'size' is not known")]
    public void What_cannot_be_read_is_named(string source, string says) =>
        Assert.Contains(says, Assert.Throws<CrawlException>(() => SynthesisSource.Parse(source, "cpu")).Message, StringComparison.Ordinal);
}
