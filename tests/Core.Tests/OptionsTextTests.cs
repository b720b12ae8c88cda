// Options as text, by one rule.

namespace DataFreeKD.Core.Tests;

public sealed class OptionsTextTests
{
    private sealed record Inner(int? Side = 7, bool KeepMetadata = true);

    private sealed record Options
    {
        public string? Teacher { get; init; }

        public double BatchShare { get; init; } = 0.1;

        public IReadOnlyList<string> Inputs { get; init; } = ["a", "b"];

        public IReadOnlyList<int> Blocks { get; init; } = [3, 7];

        public IReadOnlyList<TimeSpan> Waits { get; init; } = [TimeSpan.FromSeconds(1.5), TimeSpan.FromMinutes(1)];

        public IReadOnlyDictionary<string, long> PerClass { get; init; } = new Dictionary<string, long> { ["dog"] = 2, ["cat"] = 1 };

        public IReadOnlySet<string> Formats { get; init; } = new HashSet<string> { "tiff", "pbm" };

        public Inner Inner { get; init; } = new();

        internal string Hidden { get; init; } = "hidden";
    }

    [Fact]
    public void Every_public_option_has_a_name_and_a_text()
    {
        Options options = new();
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["teacher"] = "",
                ["batch-share"] = "0.1",
                ["inputs"] = "a, b",
                ["blocks"] = "3,7",
                ["waits"] = "00:00:01.5000000, 00:01:00",
                ["per-class"] = "cat=1,dog=2",
                ["formats"] = "pbm,tiff",
                ["side"] = "7",
                ["keep-metadata"] = "True",
            },
            OptionsText.All(options, options.Inner)
        );
    }

    [Fact]
    public void An_option_that_is_not_set_is_not_given()
    {
        Options options = new();
        SortedDictionary<string, string> given = OptionsText.Given(
            [nameof(Options.Inputs), nameof(Options.BatchShare)],
            options,
            options.Inner
        );
        Assert.Equal(["blocks", "formats", "keep-metadata", "per-class", "side", "waits"], given.Keys);
    }

    [Fact]
    public void Named_options_can_be_had_alone() =>
        Assert.Equal(
            new Dictionary<string, string> { ["batch-share"] = "0.1", ["teacher"] = "t" },
            OptionsText.Only(new Options { Teacher = "t" }, nameof(Options.Teacher), nameof(Options.BatchShare))
        );

    [Fact]
    public void A_card_shows_files_by_their_last_name()
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetTempPath());
        SortedDictionary<string, string> shown = OptionsText.Shown(
            new()
            {
                ["teacher"] = folder,
                ["further"] = $"{folder}, no such file",
                ["loss"] = "kd",
            }
        );
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["teacher"] = Path.GetFileName(folder),
                ["further"] = $"{Path.GetFileName(folder)}, no such file",
                ["loss"] = "kd",
            },
            shown
        );
    }
}
