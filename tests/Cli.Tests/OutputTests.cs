// Results as JSON and as text tables.

using System.Text.Json;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Tests;

public sealed class OutputTests
{
    [Fact]
    public void A_summary_is_one_line_of_snake_case_json_without_nan()
    {
        string text = SummaryJson.Write(
            new
            {
                TopOne = 0.5,
                Missing = double.NaN,
                Infinite = double.PositiveInfinity,
                Counts = new Dictionary<string, long> { ["failed/decode_error"] = 3 },
                Mode = DayOfWeek.Monday,
            }
        );

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
        string text = TextTable.Format(
            ["score", "AUROC"],
            [
                ["entropy", "0.9"],
                ["energy", "0.87654"],
            ]
        );

        Assert.Equal(
            """
            score      AUROC
            ----------------
            entropy      0.9
            energy   0.87654
            """.ReplaceLineEndings("\n"),
            text
        );
    }

    [Fact]
    public void Notes_that_cannot_be_written_are_lost_and_results_are_an_error()
    {
        using BearingWriter notes = new(new Full(), results: false, closed: false),
            results = new(new Full(), results: true, closed: false),
            closed = new(TextWriter.Null, results: true, closed: true);
        notes.WriteLine("a note");
        notes.Write('x');
        notes.Flush();
        Assert.Contains(
            "standard output cannot be written: full",
            Assert.Throws<IOException>(() => results.WriteLine("42")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("closed", Assert.Throws<IOException>(() => closed.WriteLine("42")).Message, StringComparison.Ordinal);
    }

    private sealed class Full : StringWriter
    {
        public override void Write(char value) => throw new IOException("full");

        public override void Write(string? value) => throw new IOException("full");

        public override void Flush() => throw new IOException("full");
    }

    [Fact]
    public void Names_that_would_move_a_terminal_are_shown_and_not_done()
    {
        Assert.Equal("a\\u001b[31mb\\u202ec\td\nü", PlainText.Escaped("a\u001b[31mb\u202ec\td\nü"));
        Assert.Equal("error: a b\\u0007", PlainText.OneLine("error: a\r\nb\a"));
        Assert.Equal("a\\u000db", PlainText.Escaped("a\rb"));
        string[] lines = PlainText.Shortened($"a\n{new string('x', 5_000)}\u001b[2J; the end").Split('\n');
        Assert.Equal("a", lines[0]);
        Assert.InRange(lines[1].Length, 100, 1_100);
        Assert.EndsWith("\\u001b[2J; the end", lines[1], StringComparison.Ordinal);
        string line = PlainText.OneLine($"error: {new string('x', 500_000)}; give another name");
        Assert.InRange(line.Length, 100, 1_100);
        Assert.EndsWith("; give another name", line, StringComparison.Ordinal);
    }
}
