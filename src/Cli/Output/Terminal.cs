// Who reads what: results on stdout, everything else on stderr.

using System.Diagnostics;
using DataFreeKD.Cli.Pipeline;
using Spectre.Console;

namespace DataFreeKD.Cli.Output;

/// <summary>Where a stage stands.</summary>
/// <param name="Phase">What is being done, one or two words.</param>
/// <param name="Done">Items done.</param>
/// <param name="Total">Items in all; null where nobody knows.</param>
/// <param name="Detail">Speed, loss and the like; may be empty.</param>
internal readonly record struct ProgressLine(string Phase, long Done, long? Total, string Detail);

/// <summary>Prints notes, progress and the summary of one verb.</summary>
internal class Terminal(bool quiet, bool json)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    // A terminal that can redraw its lines.
    private bool Moves => console.Profile.Capabilities.Interactive && !Console.IsErrorRedirected;

    /// <summary>A line on stderr, unless <c>--quiet</c>.</summary>
    public virtual void Note(string line)
    {
        if (!quiet)
            Console.Error.WriteLine(PlainText.Shortened(line));
    }

    /// <summary>How the stages of a run are shown: as progress is.</summary>
    public PipelineView View() =>
        quiet ? new PipelineView()
        : Moves ? new BarsView(console)
        : new LinesView(Note, Interval);

    /// <summary>Runs <paramref name="work"/> under a bar on a terminal, under plain lines every few seconds elsewhere, under nothing with
    /// <c>--quiet</c>.</summary>
    public virtual TResult Track<TProgress, TResult>(Func<TProgress, ProgressLine> show, Func<IProgress<TProgress>?, TResult> work)
    {
        if (quiet)
            return work(null);
        if (!Moves)
            return work(new LineProgress<TProgress>(show, Note, Interval));
        return console
            .Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn()
            )
            .Start(context => work(new BarProgress<TProgress>(show, context)));
    }

    /// <summary>Ends a verb: the summary as JSON on stdout, or for people by <paramref name="describe"/>.</summary>
    /// <param name="summary">A record of plain values.</param>
    /// <param name="describe">Lines for stderr.</param>
    public virtual void Conclude(object summary, Func<IEnumerable<string>> describe)
    {
        if (json)
            Console.Out.WriteLine(SummaryJson.Write(summary));
        else
            foreach (string line in describe())
                Note(line);
    }

    /// <summary>Ends a verb whose result is text for stdout: JSON instead with <c>--json</c>.</summary>
    public virtual void Print(object summary, Func<string> text) =>
        Console.Out.WriteLine(json ? SummaryJson.Write(summary) : PlainText.Escaped(text()));
}

/// <summary>Does something before the first report: what is said of a run waits until it was not refused.</summary>
internal sealed class FirstReport<T>(IProgress<T> inner, Action first) : IProgress<T>
{
    private int reported;

    /// <summary>Progress that prints a note before its first report; as it is where there is no note, or no progress.</summary>
    public static IProgress<T>? With(string? note, Action<string> print, IProgress<T>? inner) =>
        note is null || inner is null ? inner : new FirstReport<T>(inner, () => print(note));

    public void Report(T value)
    {
        if (Interlocked.Exchange(ref reported, 1) == 0)
            first();
        inner.Report(value);
    }
}

/// <summary>Plain lines, at most one in <paramref name="interval"/>; the first and each phase's last always.</summary>
internal sealed class LineProgress<T>(Func<T, ProgressLine> show, Action<string> print, TimeSpan interval) : IProgress<T>
{
    private readonly Lock gate = new();
    private long last;
    private string phase = "";

    public void Report(T value)
    {
        ProgressLine line = show(value);
        lock (gate)
        {
            bool complete = line.Total is { } total && line.Done >= total;
            if (line.Phase == phase && !complete && Stopwatch.GetElapsedTime(last) < interval)
                return;
            (last, phase) = (Stopwatch.GetTimestamp(), line.Phase);
        }
        print(Text(line));
    }

    /// <summary>The line as printed.</summary>
    public static string Text(ProgressLine line)
    {
        string count = line.Total is { } total and > 0
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{line.Done:N0} of {total:N0} ({100.0 * line.Done / total:F0} %)"
            )
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{line.Done:N0}");
        return $"{line.Phase}: {count}{(line.Detail.Length > 0 ? ", " : "")}{line.Detail}";
    }
}

/// <summary>One bar a phase.</summary>
internal sealed class BarProgress<T>(Func<T, ProgressLine> show, ProgressContext context) : IProgress<T>
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, ProgressTask> bars = new(StringComparer.Ordinal);

    public void Report(T value)
    {
        ProgressLine line = show(value);
        lock (gate)
        {
            if (!bars.TryGetValue(line.Phase, out ProgressTask? bar))
                bars[line.Phase] = bar = context.AddTask(line.Phase);
            bar.IsIndeterminate = line.Total is null;
            if (line.Total is { } total and > 0)
                bar.MaxValue = total;
            bar.Value = line.Done;
            bar.Description = Markup.Escape(PlainText.OneLine(line.Detail.Length > 0 ? $"{line.Phase} {line.Detail}" : line.Phase));
        }
    }
}
