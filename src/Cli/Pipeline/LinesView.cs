// A run off a terminal: plain lines that name their stage.

using System.Globalization;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>One line for each event, and for progress at most one in <paramref name="interval"/>.</summary>
internal sealed class LinesView(Action<string> print, TimeSpan interval) : PipelineView
{
    private IReadOnlyList<string> names = [];
    private LineProgress<ProgressLine>? progress;

    public override void Show(IReadOnlyList<string> stages, Action work)
    {
        names = stages;
        work();
    }

    public override void Begin(string stage, string why)
    {
        Print(stage, $"running ({why})");
        progress = new LineProgress<ProgressLine>(line => line, text => Print(stage, text), interval);
    }

    public override void Report(string stage, ProgressLine line) => progress?.Report(line);

    public override void Note(string stage, string line) => Print(stage, line);

    public override void Done(string stage, double seconds, string figures) =>
        Print(stage, string.Create(CultureInfo.InvariantCulture, $"done in {seconds:F1} s{(figures.Length > 0 ? ": " : "")}{figures}"));

    public override void Skip(string stage, string why) => Print(stage, $"skipped ({why})");

    public override void Fail(string stage, string how) => Print(stage, how);

    private void Print(string stage, string text) =>
        print(
            string.Create(
                CultureInfo.InvariantCulture,
                $"[{names.Index().First(pair => pair.Item == stage).Index + 1}/{names.Count} {stage}] {text}"
            )
        );
}
