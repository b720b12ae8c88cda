// dfkd select --advise: the audit drawn, or read and put into words.

using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Reporting.Audit;
using DataFreeKD.Selector.Advice;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Advice on the size of a selection, on the command line.</summary>
internal static class SelectAdvice
{
    /// <summary>Draws the audit with its page, or tells what its answers say.</summary>
    /// <param name="options">The ranking and the audit.</param>
    /// <param name="terminal">Where to tell.</param>
    /// <param name="selects">Whether a selection of that size follows, which then has the final word.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="UsageException">A selection is to follow, but there are not enough answers.</exception>
    public static SizeAdvice Run(AdviceOptions options, Terminal terminal, bool selects, CancellationToken cancel)
    {
        string page = Path.ChangeExtension(options.Audit, ".html");
        using OutputLock held = OutputLock.Take(page, "select");
        bool draws = !File.Exists(options.Audit);
        if (draws && !options.Ranking.Overwrite && File.Exists(page))
            throw new UsageException(
                $"{page} exists, and the page to answer {options.Audit} on would replace it; move it away, name another audit, or give --overwrite"
            );
        SizeAdvice advice = terminal.Track<long, SizeAdvice>(
            rows => new("advise", rows, null, "rows read"),
            progress => AdviceRun.Execute(options, progress, cancel)
        );
        if (advice.Drawn)
            held.RefuseAppeared(options.Ranking.Overwrite);
        if (advice.Drawn)
            AuditPage.Write(options.Audit, page, cancel);
        if (selects && advice.Advised is null)
            throw new UsageException(
                $"{options.Audit} has {advice.Answered} of {advice.Images} images answered, too few to size a selection by; answer them{(File.Exists(page) ? $" on {page}" : "")}, or give --budget"
            );
        if (selects)
            foreach (string line in Describe(advice, page))
                terminal.Note(line);
        else
            terminal.Conclude(advice, () => Describe(advice, page));
        return advice;
    }

    private static IEnumerable<string> Describe(SizeAdvice advice, string page)
    {
        if (advice.Share is { } share)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"useful: {100 * share.Estimate:F1} % of {advice.Usable:N0} usable rows (95 %: {100 * share.Low:F1} to {100 * share.High:F1} %), by {advice.Answered} answers, {advice.Yes} of them yes{(advice.Unsure > 0 ? $"; {advice.Unsure} unsure, left out" : "")}"
            );
            if (advice.RankingDoesNotHelp)
                yield return $"warning: by the answers the ranking by {advice.Method} does not help: try another --method, or take random images";
            yield return string.Create(CultureInfo.InvariantCulture, $"{"best",12} {"useful",8} {"of all useful",14}");
            foreach (SizeExpectation size in advice.Sizes)
                yield return Row(size);
            yield return $"take:{Row(advice.Advised!)[5..]}";
        }
        else if (advice.Drawn)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{advice.Images} images of {advice.Usable:N0} usable rows to answer; scores alone do not tell how much of a pool is useful"
            );
        }
        else
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{advice.Answered} of {advice.Images} images answered: too few yet; answer on, from the top"
            );
        }
        yield return advice.Knee is not { } knee
            ? "the sorted scores have no knee"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"the sorted scores have their knee after {knee.Rows:N0} rows, at {knee.Score:G4}"
            );
        if (advice.Drawn || advice.Share is null)
            yield return $"-> {(File.Exists(page) ? $"{page}, or the column answer (yes, no, unsure) of " : "")}{advice.Audit}; then run this again";
    }

    private static string Row(SizeExpectation size) =>
        string.Create(CultureInfo.InvariantCulture, $"{size.Rows,12:N0} {100 * size.Precision,6:F1} % {100 * size.Recall,12:F1} %");
}
