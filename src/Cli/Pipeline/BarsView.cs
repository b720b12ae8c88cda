// A run on a terminal: every stage on a line of its own, the running one with its bar.

using System.Globalization;
using DataFreeKD.Cli.Output;
using Spectre.Console;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>A table of stages that stays when the run has ended.</summary>
internal sealed class BarsView(IAnsiConsole console) : PipelineView
{
    private readonly Dictionary<string, ProgressTask> bars = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private int width;

    public override void Show(IReadOnlyList<string> stages, Action work)
    {
        width = stages.Max(stage => stage.Length);
        console
            .Progress()
            .AutoClear(false)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn()
            )
            .Start(context =>
            {
                foreach (string stage in stages)
                    bars[stage] = context.AddTask(Text(stage, "grey", "waiting", ""), autoStart: false);
                work();
            });
    }

    public override void Begin(string stage, string why) => Change(stage, bar =>
        {
            bar.StartTask();
            bar.IsIndeterminate = true;
            bar.Description = Text(stage, "yellow", "running", why);
        });

    public override void Report(string stage, ProgressLine line) => Change(stage, bar =>
        {
            bar.IsIndeterminate = line.Total is null;
            if (line.Total is { } total and > 0)
                bar.MaxValue = total;
            bar.Value = line.Done;
            string count = line.Total is null ? string.Create(CultureInfo.InvariantCulture, $" {line.Done:N0}") : "";
            bar.Description = Text(stage, "yellow", "running", $"{line.Phase}{count}{(line.Detail.Length > 0 ? ", " : "")}{line.Detail}");
        });

    public override void Note(string stage, string line) => console.WriteLine(PlainText.Shortened($"{stage}: {line}"));

    public override void Done(string stage, double seconds, string figures) =>
        End(
            stage,
            Text(
                stage,
                "green",
                "done",
                string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s{(figures.Length > 0 ? ", " : "")}{figures}")
            )
        );

    public override void Skip(string stage, string why) => End(stage, Text(stage, "grey", "skipped", why));

    public override void Fail(string stage, string how) => Change(stage, bar =>
        {
            bar.IsIndeterminate = false;
            bar.Description = Text(stage, "red", how, "");
            bar.StopTask();
        });

    private void End(string stage, string description) => Change(stage, bar =>
        {
            if (!bar.IsStarted)
                bar.StartTask();
            bar.IsIndeterminate = false;
            bar.Value = bar.MaxValue;
            bar.Description = description;
            bar.StopTask();
        });

    private void Change(string stage, Action<ProgressTask> change)
    {
        lock (gate)
            change(bars[stage]);
    }

    private string Text(string stage, string colour, string state, string detail) =>
        $"{Markup.Escape(stage.PadRight(width))} [{colour}]{state,-7}[/] {Markup.Escape(PlainText.OneLine(detail))}";
}
