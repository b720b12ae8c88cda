// The options of dfkd crawl that spend a budget.

using System.CommandLine;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Steering;
using DataFreeKD.Probe;
using DataFreeKD.Toolkit;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Offers them, and reads them back.</summary>
internal sealed class SteeringOptionSet
{
    private readonly Option<long?> maxFetches = new("--max-fetches")
    {
        Description = "Addresses fetched from the web, at most [default: all]",
        HelpName = "N",
    };
    private readonly Option<string?> steerBy = new("--steer-by")
    {
        Description = "Spend --max-fetches on the hosts and pages whose images this teacher finds familiar",
        HelpName = "TEACHER",
    };

    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");

    /// <summary>All of them.</summary>
    public Option[] All => [maxFetches, steerBy, heads, CommonOptions.Seed, CommonOptions.Device];

    /// <summary>Adds the budget to <paramref name="options"/>.</summary>
    public CrawlOptions Budget(ParseResult parsed, CrawlOptions options) =>
        options with
        {
            Web = options.Web with { MaxFetches = parsed.GetValue(maxFetches) },
        };

    /// <summary>Whether the crawl is to be steered.</summary>
    public bool Asked(ParseResult parsed) => parsed.GetValue(steerBy) is not null;

    /// <summary>The options of a crawl that only says what its first round would ask for: nothing is judged in it.</summary>
    public CrawlOptions Rehearsed(ParseResult parsed, CrawlOptions options) =>
        Asked(parsed) ? Steered(parsed, options, (_, _) => []) : options;

    /// <summary>Runs <paramref name="crawl"/> with the teacher at hand.</summary>
    public void Steer(ParseResult parsed, CrawlOptions options, Action<CrawlOptions> crawl)
    {
        TeacherJudge? judge = null;
        options = Steered(parsed, options, (images, cancel) => judge!.Judge(images, cancel));
        // Wrong options are told before the teacher is loaded.
        options.Validate();
        TorchRuntime.Start(options.Workers);
        ScoreOptions teacher = new()
        {
            Teacher = Teacher(parsed),
            TeacherHeads = parsed.GetValue(heads),
            Sources = [],
            Output = "",
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = Math.Min(16, options.Workers),
        };
        using (judge = new TeacherJudge(teacher))
            crawl(options);
    }

    private string Teacher(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(steerBy)!);

    private CrawlOptions Steered(ParseResult parsed, CrawlOptions options, SteeringJudge judge) =>
        options with
        {
            Web = options.Web with
            {
                Steering = new SteeringOptions(judge, Teacher(parsed)) { Seed = (ulong)parsed.GetValue(CommonOptions.Seed) },
            },
        };
}
