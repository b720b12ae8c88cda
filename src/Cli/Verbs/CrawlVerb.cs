// dfkd crawl: brings images into a store in which every file has a status and a reason.

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sharding;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Distiller.Synthesis;
using DataFreeKD.Fleet;
using DataFreeKD.Imaging;
using DataFreeKD.Toolkit.Synthesis;

namespace DataFreeKD.Cli.Verbs;

/// <summary>sources → image store with its manifest.</summary>
internal sealed class CrawlVerb : Verb
{
    private readonly Argument<string[]> sources = new("SOURCE")
    {
        Description =
            "Folders, files, globs, archives (tar, tar.gz, zip), Parquet files with images in them; web addresses; s3://bucket/prefix; tables and lists of files or addresses (.txt, .csv, .tsv, .json, .jsonl, .parquet, - for standard input), also folders and globs of them; synth://TEACHER?count=N for images made out of a teacher; corrupt://IMAGES?count=N for spoilt copies that a selection learns from",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string> output = CommonOptions.Output(
        "Store to write: DIR/manifest.csv and DIR/images; an existing store is added to",
        "DIR"
    );
    private readonly Option<int> minSide = CommonOptions.Count("--min-side", "Reject images with a shorter side, pixels", 1).AtLeast(1);

    private readonly Option<string?> allowFormats = new("--allow-formats")
    {
        Description =
            $"Decode these formats of the web's files too, by a decoder that gets no fixes any more: {string.Join(", ", DecodeLimits.FurtherFormats)} (files of this machine are decoded in any case)",
        HelpName = "NAME,...",
    };
    private readonly WebOptionSet web = new();
    private readonly SteeringOptionSet steering = new();
    private readonly RunShardOptionSet sharding;
    private readonly Option<bool> dryRun = new("--dry-run")
    {
        Description = "Only print what would be fetched from the web, and what robots.txt forbids",
    };

    public CrawlVerb()
        : base(
            "crawl",
            "Gather images into a content-addressed store; every file gets a status and a reason.",
            """
            dfkd crawl photos/ 'shards/*.tar' -o store/
            dfkd crawl urls.parquet -o store/ --resize keep-ratio --side 256 --format jpeg --contact crawl@example.org
            dfkd crawl https://example.org/sitemap.xml -o store/ --dry-run
            dfkd crawl https://example.org/shard-0001.tar s3://bucket/prefix -o store/ --s3-anonymous
            dfkd crawl urls.parquet -o store/ --steer-by teacher/ --max-fetches 100000
            dfkd crawl 'synth://teacher?count=5000&steps=300' -o store/
            dfkd crawl 'corrupt://photos?count=5000' -o copies/
            dfkd crawl urls.parquet -o store/ --shard 0/8
            dfkd crawl /pool/urls.parquet -o /pool/store --engine nats://127.0.0.1:4222
            """
        )
    {
        sharding = RunShardOptionSet.OfPartitions(web.RetryFailed);
        Add(sources);
        AddOptions([
            output,
            minSide,
            CommonOptions.PathColumn,
            CommonOptions.FollowLinks,
            allowFormats,
            .. web.All,
            .. steering.All,
            dryRun,
            .. sharding.All,
            CommonOptions.Threads,
        ]);
    }

    public override void Check(ParseResult parsed)
    {
        if (sharding.StepIn(parsed) != ShardStep.None && parsed.GetValue(dryRun))
            throw new UsageException("--dry-run fetches nothing; leave --plan, --shard, --finish and --engine out");
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        Check(parsed);
        ShardStep step = sharding.StepIn(parsed);
        string store = Path.GetFullPath(parsed.GetRequiredValue(output));
        string[] given = parsed.GetValue(sources) ?? [];
        SynthesisOptions[] synthesis =
        [
            .. given.Where(SynthesisSource.Fits).Select(source => SynthesisSource.Parse(source, parsed.GetValue(CommonOptions.Device)!)),
        ];
        foreach (SynthesisOptions made in synthesis)
            made.Validate();
        CrawlOptions options = steering.Budget(
            parsed,
            web.Apply(
                parsed,
                new CrawlOptions
                {
                    Sources = [.. given.Where(source => !SynthesisSource.Fits(source) && !CorruptSource.Fits(source))],
                    Made =
                    [
                        .. synthesis.Select(made => SynthesisSource.Of(made, store, terminal.Note)),
                        .. given.Where(CorruptSource.Fits).Select(CorruptSource.Parse),
                    ],
                    Store = store,
                    MinSide = parsed.GetValue(minSide),
                    PathColumn = parsed.GetValue(CommonOptions.PathColumn),
                    FollowLinks = parsed.GetValue(CommonOptions.FollowLinks),
                    Limits = new DecodeLimits { Formats = Formats(parsed.GetValue(allowFormats)) },
                    Workers = parsed.GetValue(CommonOptions.Threads),
                }
            )
        );
        // With shares it is the partitions that are tried again.
        if (step is ShardStep.Work or ShardStep.Engine)
            options = options with { Web = options.Web with { RetryFailed = false } };
        options.Validate();
        bool goesOn = step == ShardStep.None && !parsed.GetValue(dryRun) && ShardedCrawl.IsPlanned(store);
        if (step != ShardStep.None || goesOn)
        {
            if (steering.Asked(parsed))
                options = steering.Rehearsed(parsed, options);
            Shared(parsed, options, step, terminal, cancel);
            return;
        }
        if (synthesis.Length > 0 && !parsed.GetValue(dryRun))
            TorchRuntime.Start(options.Workers);
        if (parsed.GetValue(dryRun))
            Rehearse(steering.Rehearsed(parsed, options), terminal, cancel);
        else if (steering.Asked(parsed))
            steering.Steer(parsed, options, steered => Crawl(steered, terminal, cancel));
        else
            Crawl(options, terminal, cancel);
    }

    // A step of a crawl that several processes share; without one, all that is left of it.
    private void Shared(ParseResult parsed, CrawlOptions options, ShardStep step, Terminal terminal, CancellationToken cancel)
    {
        if (step == ShardStep.Engine)
        {
            Conclude(
                terminal.Track<FleetProgress, CrawlSummary>(Show, progress =>
                    sharding.CrawlCoordinatorIn(parsed).Run(options, terminal.Note, progress, cancel)
                ),
                terminal
            );
            return;
        }
        using ShardedCrawl crawl = new(options, terminal.Note, cancel);
        if (step == ShardStep.Plan)
        {
            CrawlShardPlan plan = crawl.Plan(sharding.PartitionsIn(parsed), cancel);
            crawl.Advance(cancel);
            terminal.Conclude(plan, () =>
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{plan.Targets:N0} addresses in {plan.Partitions:N0} partitions, {plan.Alone.Count:N0} of a site alone"
                    ),
                    $"-> {crawl.Folder}",
                ]
            );
            return;
        }
        if (step != ShardStep.Finish)
        {
            ShardShare share = step == ShardStep.Work ? sharding.ShareIn(parsed) : ShardShare.All;
            Stopwatch clock = Stopwatch.StartNew();
            ShardSummary summary = terminal.Track<CrawlProgress, ShardSummary>(
                progress => Show(progress, clock),
                progress =>
                    crawl.Work(share, sharding.PartitionsIn(parsed), retryFailed: parsed.GetValue(web.RetryFailed), progress, cancel)
            );
            if (step == ShardStep.Work)
                terminal.Conclude(summary, () => Lines(summary, share, options.Store));
            if (summary.Failed.Count > 0)
                throw new ShardException(
                    ShardProblem.Failed,
                    $"{summary.Failed.Count} partitions failed; {FailedShards.Name} in the newest folder of {Path.Combine(crawl.Folder, CrawlRounds.Name)} says which, and why"
                );
            if (step == ShardStep.Work)
                return;
        }
        Conclude(
            terminal.Track<CrawlProgress, CrawlSummary>(
                progress => Show(progress, null),
                progress => Blocking.Wait(() => crawl.FinishAsync(progress, cancel))
            ),
            terminal
        );
    }

    private static IEnumerable<string> Lines(ShardSummary summary, ShardShare share, string store)
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"share {share}: {summary.Done:N0} partitions of {summary.Rows:N0} rows in {summary.Seconds:F1} s{(summary.Failed.Count > 0 ? $", {summary.Failed.Count:N0} failed" : "")}"
        );
        if (summary.Failed.Count == 0)
            yield return $"next: --finish in place of --shard, which writes {Path.Combine(store, "manifest.csv")}";
    }

    private static ProgressLine Show(FleetProgress progress) =>
        new(
            "crawl",
            progress.Done,
            progress.Shards,
            string.Create(
                CultureInfo.InvariantCulture,
                $"partitions, {progress.InFlight:N0} in flight{(progress.Failed > 0 ? $", {progress.Failed:N0} failed" : "")}"
            )
        );

    private static ProgressLine Show(CrawlProgress progress, Stopwatch? clock) =>
        new(
            "crawl",
            progress.Done,
            null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{progress.Stored:N0} stored, {progress.Rejected:N0} rejected, {progress.Failed:N0} failed, {progress.Bytes / 1e6:F0} MB read{(clock is null ? "" : $", {progress.Done / clock.Elapsed.TotalSeconds:F0}/s")}"
            )
        );

    private static void Conclude(CrawlSummary summary, Terminal terminal)
    {
        terminal.Conclude(summary, () => Describe(summary));
        NothingSucceededException.ThrowIfNone(summary.AddedCounts, [Status.Ok, Status.Duplicate], "files and addresses gave an image");
    }

    private static void Crawl(CrawlOptions options, Terminal terminal, CancellationToken cancel)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Conclude(
            terminal.Track<CrawlProgress, CrawlSummary>(
                progress => Show(progress, clock),
                progress => CrawlRun.Execute(options, progress, cancel)
            ),
            terminal
        );
    }

    private static void Rehearse(CrawlOptions options, Terminal terminal, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, long> counts = CrawlRun.DryRun(
            options,
            planned => terminal.Note(PlainText.OneLine($"{planned.Decision}\t{planned.Url}")),
            cancel
        );
        terminal.Conclude(counts, () => [StatusText.Line(counts)]);
    }

    private static HashSet<string> Formats(string? given)
    {
        HashSet<string> formats = [.. (given ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        string? unknown = formats.FirstOrDefault(format => !DecodeLimits.FurtherFormats.Contains(format));
        return unknown is null
            ? formats
            : throw new UsageException($"--allow-formats {unknown}: expected {string.Join(", ", DecodeLimits.FurtherFormats)}");
    }

    private static IEnumerable<string> Describe(CrawlSummary summary)
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Added:N0} rows added, {summary.Rows:N0} in all, in {summary.Seconds:F1} s"
        );
        yield return StatusText.Line(summary.Counts);
        yield return $"-> {summary.Manifest}";
    }
}
