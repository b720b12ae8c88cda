// A verb's terminal inside a run: what it says goes to the run's view, and its summary is kept.

using System.Text.Json.Nodes;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Stands in for the terminal of one stage.</summary>
internal sealed class StageTerminal(PipelineView view, string stage) : Terminal(quiet: true, json: false)
{
    /// <summary>The verb's summary.</summary>
    public JsonNode? Summary { get; private set; }

    /// <summary>The lines that the verb ends with.</summary>
    public IReadOnlyList<string> Text { get; private set; } = [];

    public override void Note(string line) => view.Note(stage, line);

    public override TResult Track<TProgress, TResult>(Func<TProgress, ProgressLine> show, Func<IProgress<TProgress>?, TResult> work) =>
        work(new Shown<TProgress>(progress => view.Report(stage, show(progress))));

    public override void Conclude(object summary, Func<IEnumerable<string>> describe) =>
        (Summary, Text) = (JsonNode.Parse(SummaryJson.Write(summary)), [.. describe()]);

    public override void Print(object summary, Func<string> text) => Conclude(summary, () => text().Split('\n'));

    // Progress<T> would report from another thread, too late.
    private sealed class Shown<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
