// dfkd select --advise as a user runs it: draw, answer, select.

using System.Globalization;
using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class AdviseTests(TinyWorld world)
{
    [Fact]
    public void An_audit_is_drawn_then_answered_then_sizes_the_selection()
    {
        using TempFolder folder = new();
        string audit = folder["audit.csv"];

        Finished drawn = Programs.RunDfkd("select", world.Scores, "--advise", audit, "--audit-size", "60").Succeeds();
        Assert.Contains("audit.html", drawn.Error, StringComparison.Ordinal);
        Assert.Contains("<fieldset data-row=\"0\">", File.ReadAllText(folder["audit.html"]), StringComparison.Ordinal);
        Assert.Contains(
            "too few",
            Programs.RunDfkd("select", world.Scores, "--advise", audit, "-o", folder["selected.csv"], "--quiet").Refuses(),
            StringComparison.Ordinal
        );

        // The better half of the ranking is useful.
        List<string> lines = [];
        string[] header;
        using (TableReader table = Table.Open(audit))
        {
            header = [.. table.Header.Columns];
            lines.AddRange(
                table
                    .Rows(TestContext.Current.CancellationToken)
                    .Select(row =>
                        string.Join(
                            ',',
                            header.Select(column =>
                                column == "answer"
                                    ? (double.Parse(row["rank_share"]!, CultureInfo.InvariantCulture) < 0.5 ? "yes" : "no")
                                    : row[column]
                            )
                        )
                    )
            );
        }
        Assert.Equal(60, lines.Count);
        File.WriteAllLines(audit, [string.Join(',', header), .. lines]);

        JsonElement advice = JsonDocument
            .Parse(Programs.RunDfkd("select", world.Scores, "--advise", audit, "--json").Succeeds().Output)
            .RootElement;
        Assert.Equal(0.5, advice.GetProperty("share").GetProperty("estimate").GetDouble(), 0.05);
        long rows = advice.GetProperty("advised").GetProperty("rows").GetInt64();
        Assert.InRange(rows / (double)advice.GetProperty("usable").GetInt64(), 0.4, 0.6);

        JsonElement selected = JsonDocument
            .Parse(Programs.RunDfkd("select", world.Scores, "--advise", audit, "-o", folder["selected.csv"], "--json").Succeeds().Output)
            .RootElement;
        Assert.InRange(selected.GetProperty("selected").GetInt64(), rows * 9 / 10, rows);
    }
}
