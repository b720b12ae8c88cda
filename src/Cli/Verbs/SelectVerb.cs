// dfkd select: ranks scored images and keeps the most useful. Never loads libtorch.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Advice;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Cli.Verbs;

/// <summary>scores table → selection table.</summary>
internal sealed class SelectVerb : Verb
{
    private readonly Argument<string> scores = new("SCORES") { Description = "Scores table of dfkd score (.csv or .parquet)" };
    private readonly Option<string?> output = new Option<string?>("--output", "-o")
    {
        Description = "Selection table to write (.csv or .parquet); required unless --advise is used alone",
        HelpName = "FILE",
    }.NamesAFile();
    private readonly Option<string> method = new("--method")
    {
        Description = $"How rows are ranked: {string.Join(", ", ScoreCatalogue.All.Select(method => method.Name))}",
        HelpName = "NAME",
        DefaultValueFactory = _ => ScoreCatalogue.Default,
        CompletionSources = { ScoreCatalogue.All.Select(method => method.Name).ToArray() },
    };
    private readonly Option<bool> official = new("--official")
    {
        Description =
            "The published code's formula on the mean over heads, where that code reads head 0; its own scripts rank by cross-entropy alone, as --method confidence does (short for --method official)",
    };
    private readonly Option<long?> budget = new("--budget") { Description = "How many images to keep", HelpName = "N" };
    private readonly Option<double?> fraction = new("--fraction")
    {
        Description = "Share of the usable images to keep, (0, 1]",
        HelpName = "X",
    };
    private readonly Option<double?> threshold = new("--threshold")
    {
        Description = "Keep every image with at least this selection score",
        HelpName = "X",
    };
    private readonly Choice<ClassQuota> quota = new(
        "--quota",
        "How the images are split among predicted classes: floor = by rank, at least a quarter of an equal share each; equal; teacher = as predicted in the pool; none = by rank only",
        ClassQuota.Floor,
        ClassQuota.Equal,
        ClassQuota.Teacher,
        ClassQuota.None
    );
    private readonly Option<string?> quotaFile = new("--quota-file")
    {
        Description = "Table with class and share (of the budget) or class and count (instead of --budget)",
        HelpName = "FILE",
    };
    private readonly Option<string[]> perClass = new("--per-class")
    {
        Description = "Rows per class, e.g. cat=100,dog=50 or *=100 (instead of --budget)",
        HelpName = "CLASS=N,...",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> blocks = new("--blocks")
    {
        Description = "Probed blocks to rank by, e.g. 3,7 [default: the method's own]",
        HelpName = "B,...",
    };
    private readonly Option<string?> negatives = new("--negatives")
    {
        Description = "Scores table, by the same teacher, of images that nobody wants (for --method learned)",
        HelpName = "FILE",
    };
    private readonly Option<bool> keepDuplicates = new("--keep-duplicates") { Description = "Keep all exact copies of an image" };
    private readonly Choice<RowWeight> weights = new(
        "--weights",
        "Training weights of the rows: all equal, balanced per class, or higher for better ranks"
    );
    private readonly SetOptionSet set = new();
    private readonly Option<string?> advise = new("--advise")
    {
        Description =
            "Estimate how much of the pool is useful: samples images for a person to judge into this table (.csv), with a page to answer on beside it; after answering, prints the useful share and, with -o, selects the advised number",
        HelpName = "AUDIT",
    };
    private readonly Option<int> auditSize = CommonOptions.Count("--audit-size", "Images to sample for --advise", 200);

    public SelectVerb()
        : base(
            "select",
            "Rank scored images and keep those most useful for distillation.",
            "dfkd select scores.csv --budget 10000 -o selected.csv\ndfkd select scores.csv --method entropy --fraction 0.1 --quota none -o selected.csv\ndfkd select scores.csv --advise audit.csv"
        )
    {
        Add(scores);
        AddOptions([
            output,
            method,
            official,
            budget,
            fraction,
            threshold,
            quota.Option,
            quotaFile,
            perClass,
            blocks,
            negatives,
            keepDuplicates,
            .. set.All,
            weights.Option,
            advise,
            auditSize,
            CommonOptions.Seed,
            CommonOptions.Overwrite,
        ]);
    }

    public override void Check(ParseResult parsed)
    {
        SelectOptions options = OptionsOf(parsed);
        if (parsed.GetValue(advise) is { } table)
            AdviceOf(parsed, options, table).Validate();
        else
            options.Validate();
    }

    private SelectOptions OptionsOf(ParseResult parsed)
    {
        bool named = parsed.GetResult(method) is { Implicit: false };
        if (parsed.GetValue(official) && named)
            throw new UsageException("--official and --method exclude each other");
        SelectOptions options = new()
        {
            Scores = Path.GetFullPath(parsed.GetRequiredValue(scores)),
            Output =
                parsed.GetValue(output) is { } target ? Path.GetFullPath(target)
                : parsed.GetValue(advise) is { } audit ? Path.GetFullPath(audit)
                : throw new UsageException("Option '--output' is required; name the selection to write, e.g. -o selected.csv"),
            Method = parsed.GetValue(official) ? "official" : parsed.GetValue(method)!,
            Budget = parsed.GetValue(budget),
            Fraction = parsed.GetValue(fraction),
            Threshold = parsed.GetValue(threshold),
            Quota = quota.In(parsed),
            QuotaFile = parsed.GetValue(quotaFile) is { } quotas ? Path.GetFullPath(quotas) : null,
            Set = set.In(parsed),
            PerClass = PerClass(parsed.GetValue(perClass) ?? []),
            Blocks = BlockList.Parse(parsed.GetValue(blocks)),
            Negatives = parsed.GetValue(negatives) is { } file ? Path.GetFullPath(file) : null,
            DropDuplicates = !parsed.GetValue(keepDuplicates),
            Weight = weights.In(parsed),
            Seed = parsed.GetValue(CommonOptions.Seed),
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
        };
        return options;
    }

    private AdviceOptions AdviceOf(ParseResult parsed, SelectOptions options, string table)
    {
        bool sized =
            options.Budget.HasValue
            || options.Fraction.HasValue
            || options.Threshold.HasValue
            || options.PerClass.Count > 0
            || options.QuotaFile is not null;
        if (sized)
            throw new UsageException(
                "--advise finds the size of the selection; leave --budget, --fraction, --threshold, --quota-file and --per-class out"
            );
        return new AdviceOptions
        {
            Ranking = options,
            Audit = Path.GetFullPath(table),
            Size = parsed.GetValue(auditSize),
        };
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        SelectOptions options = OptionsOf(parsed);
        if (parsed.GetValue(advise) is { } table)
        {
            SizeAdvice advice = SelectAdvice.Run(
                AdviceOf(parsed, options, table),
                terminal,
                selects: parsed.GetValue(output) is not null,
                cancel
            );
            if (parsed.GetValue(output) is null)
                return;
            options = options with { Budget = advice.Advised!.Rows };
        }
        options.Validate();
        SelectionSummary summary = terminal.Track<long, SelectionSummary>(
            rows => new("select", rows, null, "rows read"),
            progress => SelectionRun.Execute(options, progress, cancel)
        );
        terminal.Conclude(summary, () => Describe(summary));
    }

    private static IEnumerable<string> Describe(SelectionSummary summary)
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Selected:N0} of {summary.Usable:N0} usable rows ({summary.Rows:N0} read) by {summary.Method} in {summary.Seconds:F1} s"
        );
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Classes.Count} classes, class entropy {summary.ClassEntropy:F3} of {Math.Log(Math.Max(1, summary.Classes.Count)):F3} nats, {summary.DuplicatesDropped:N0} copies dropped{(summary.NearDuplicatesDropped > 0 ? $", {summary.NearDuplicatesDropped:N0} near duplicates" : "")}{(summary.MeanDistance is { } distance ? $", mean pairwise distance {distance:F3}, in a class {summary.MeanDistanceInClass:F3} (1 - cosine)" : "")}"
        );
        if (summary.Core is { } core)
            yield return $"confident core: {core}";
        yield return $"-> {summary.Output}";
    }

    private static Dictionary<string, long> PerClass(string[] given)
    {
        Dictionary<string, long> rows = new(StringComparer.Ordinal);
        foreach (
            string entry in given.SelectMany(text =>
                text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            )
        )
        {
            int equals = entry.LastIndexOf('=');
            if (equals < 1 || !long.TryParse(entry.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long count))
                throw new UsageException($"--per-class {entry}: expected CLASS=N, e.g. cat=100");
            if (!rows.TryAdd(entry[..equals], count))
                throw new UsageException($"--per-class names '{entry[..equals]}' twice");
        }
        return rows;
    }
}
