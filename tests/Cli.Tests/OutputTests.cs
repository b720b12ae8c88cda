// Results as JSON and as text tables.

using System.Text.Json;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Tests;

public sealed class OutputTests
{
    [Fact]
    public void A_summary_is_one_line_of_snake_case_json_without_nan()
    {
        string text = SummaryJson.Write(new { TopOne = 0.5, Missing = double.NaN, Infinite = double.PositiveInfinity, Counts = new Dictionary<string, long> { ["failed/decode_error"] = 3 }, Mode = DayOfWeek.Monday });

        Assert.DoesNotContain('\n', text);
        JsonElement root = JsonDocument.Parse(text).RootElement;
        Assert.Equal(0.5, root.GetProperty("top_one").GetDouble());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("missing").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("infinite").ValueKind);
        Assert.Equal(3, root.GetProperty("counts").GetProperty("failed/decode_error").GetInt64());
        Assert.Equal("monday", root.GetProperty("mode").GetString());
    }

    [Fact]
    public void A_table_aligns_names_left_and_figures_right()
    {
        string text = TextTable.Format(["score", "AUROC"], [["entropy", "0.9"], ["energy", "0.87654"]]);

        Assert.Equal("""
            score      AUROC
            ----------------
            entropy      0.9
            energy   0.87654
            """.ReplaceLineEndings("\n"), text);
    }

    [Fact]
    public void Names_that_would_move_a_terminal_are_shown_and_not_done()
    {
        Assert.Equal("a\\u001b[31mb\\u202ec\td\nü", PlainText.Escaped("a\u001b[31mb\u202ec\td\nü"));
        Assert.Equal("error: a b\\u0007", PlainText.OneLine("error: a\r\nb\a"));
        string line = PlainText.OneLine($"error: {new string('x', 500_000)}; give another name");
        Assert.InRange(line.Length, 100, 1_100);
        Assert.EndsWith("; give another name", line, StringComparison.Ordinal);
    }
}
