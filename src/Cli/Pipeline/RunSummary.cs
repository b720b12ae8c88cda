// What a run comes to: for people a table, for programs an object, both kept beside the outputs.

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>What became of a stage.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Verb">Its verb.</param>
/// <param name="Status"><c>ran</c>, <c>skipped</c>, <c>left-alone</c>, <c>failed</c> or <c>waiting</c>.</param>
/// <param name="Why">Why.</param>
/// <param name="Seconds">Wall seconds of the process that finished it; 0 where none has.</param>
/// <param name="Inputs">Fingerprints of what it read.</param>
/// <param name="Outputs">Fingerprints of what it left.</param>
/// <param name="Figures">Its key figures.</param>
/// <param name="Summary">The verb's whole summary.</param>
internal sealed record StageSummary(
    string Name,
    string Verb,
    string Status,
    string Why,
    double Seconds,
    IReadOnlyDictionary<string, string> Inputs,
    IReadOnlyDictionary<string, string> Outputs,
    IReadOnlyDictionary<string, string> Figures,
    JsonNode? Summary
)
{
    /// <summary>The figures on one line.</summary>
    public string FiguresLine => string.Join(", ", Figures.Select(pair => $"{pair.Key} {pair.Value}"));

    /// <summary>Picks a kind's key figures out of its summary.</summary>
    public static IReadOnlyDictionary<string, string> Pick(StageKind kind, JsonNode? summary)
    {
        Dictionary<string, string> picked = new(StringComparer.Ordinal);
        foreach (string name in kind.Figures)
        {
            JsonNode? found = name.Split('.').Aggregate(summary, (node, part) => (node as JsonObject)?[part]);
            if (found is not JsonValue value)
                continue;
            picked[name] =
                value.TryGetValue(out long count) ? count.ToString("N0", CultureInfo.InvariantCulture)
                : value.TryGetValue(out double figure) ? figure.ToString("0.####", CultureInfo.InvariantCulture)
                : value.ToString();
        }
        return picked;
    }
}

/// <summary>What a run comes to.</summary>
/// <param name="Version">Version of the tool.</param>
/// <param name="Pipeline">The file's name.</param>
/// <param name="Output">Folder of the outputs.</param>
/// <param name="Ran">Stages that ran.</param>
/// <param name="Skipped">Stages that did not have to.</param>
/// <param name="Seconds">Wall seconds of this run.</param>
/// <param name="Stages">Each stage, in order.</param>
internal sealed record RunSummary(
    string Version,
    string Pipeline,
    string Output,
    int Ran,
    int Skipped,
    double Seconds,
    IReadOnlyList<StageSummary> Stages
)
{
    private static readonly string[] Header = ["stage", "status", "seconds", "figures"];

    /// <summary>The table of stages.</summary>
    public string Table() => TextTable.Format(Header, Stages.Select(Row));

    /// <summary>Writes <c>run.json</c> and <c>run.md</c>.</summary>
    /// <param name="texts">What the verbs that only print had to say, by stage.</param>
    public void Write(IReadOnlyDictionary<string, IReadOnlyList<string>> texts)
    {
        AtomicFile.WriteAllText(Path.Combine(Output, "run.json"), SummaryJson.Write(this) + "\n");
        StringBuilder page = new();
        page.Append(
            CultureInfo.InvariantCulture,
            $"# {Pipeline}\n\ndfkd {Version}: {Ran} stages ran, {Skipped} were unchanged, {Seconds:F1} s.\n\n| {string.Join(" | ", Header)} | why | output |\n|{string.Concat(Enumerable.Repeat("---|", Header.Length + 2))}\n"
        );
        foreach (StageSummary stage in Stages)
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {string.Join(" | ", Row(stage).Append(stage.Why).Append(string.Join("<br>", stage.Outputs.Select(pair => $"`{pair.Key}` {Short(pair.Value)}"))).Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n"
            );
        foreach (StageSummary stage in Stages.Where(stage => texts.ContainsKey(stage.Name)))
            page.Append(CultureInfo.InvariantCulture, $"\n## {stage.Name}\n\n```\n{string.Join('\n', texts[stage.Name])}\n```\n");
        AtomicFile.WriteAllText(Path.Combine(Output, "run.md"), page.ToString());
    }

    private static string[] Row(StageSummary stage) =>
        [stage.Name, stage.Status, stage.Seconds > 0 ? stage.Seconds.ToString("F1", CultureInfo.InvariantCulture) : "-", stage.FiguresLine];

    private static string Short(string fingerprint) =>
        fingerprint[..Math.Min(fingerprint.Length, fingerprint.IndexOf(':', StringComparison.Ordinal) + 13)];
}
