// dfkd crawl: brings images into a store in which every file has a status and a reason.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Crawler;

namespace DataFreeKD.Cli.Verbs;

/// <summary>sources → image store with its manifest.</summary>
internal sealed class CrawlVerb : Verb
{
    private readonly Argument<string[]> sources = new("SOURCE") { Description = "Folders, files, globs, archives (.tar, .tar.gz, .zip) and tables with a path column", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> output = CommonOptions.Output("Store to write: DIR/manifest.csv and DIR/images; an existing store is added to", "DIR");
    private readonly Option<int> minSide = CommonOptions.Count("--min-side", "Reject images with a shorter side, pixels", 1).AtLeast(1);

    public CrawlVerb() : base(
        "crawl",
        "Gather images into a content-addressed store; every file gets a status and a reason.",
        "dfkd crawl photos/ 'shards/*.tar' -o store/")
    {
        Add(sources);
        AddOptions(output, minSide, CommonOptions.Threads);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        CrawlOptions options = new()
        {
            Sources = parsed.GetRequiredValue(sources),
            Store = Path.GetFullPath(parsed.GetRequiredValue(output)),
            MinSide = parsed.GetValue(minSide),
            Workers = parsed.GetValue(CommonOptions.Threads),
        };
        options.Validate();
        CrawlSummary summary = terminal.Track<CrawlProgress, CrawlSummary>(
            progress => new("crawl", progress.Done, null, string.Create(CultureInfo.InvariantCulture, $"{progress.Stored:N0} stored, {progress.Bytes / 1e6:F0} MB read")),
            progress => CrawlRun.Execute(options, progress, cancel));
        terminal.Conclude(summary, () => Describe(summary));
    }

    private static IEnumerable<string> Describe(CrawlSummary summary)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{summary.Added:N0} rows added, {summary.Rows:N0} in all, in {summary.Seconds:F1} s");
        yield return StatusText.Line(summary.Counts);
        yield return $"-> {summary.Manifest}";
    }
}
