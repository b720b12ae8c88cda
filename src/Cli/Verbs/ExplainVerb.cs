// dfkd explain: what the teacher makes of one image, beside a pool.

using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using DataFreeKD.Cli.Output;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Reporting.Explain;
using DataFreeKD.Reporting.Pictures;
using static System.FormattableString;

namespace DataFreeKD.Cli.Verbs;

/// <summary>image + teacher [+ scores] → words on stdout, and a map as PNG.</summary>
internal sealed class ExplainVerb : Verb
{
    private const int ChoicesShown = 5;

    // Small inputs are enlarged, so that the patches can be seen.
    private const int LeastMapSide = 384;

    private readonly Argument<string> image = new("IMAGE") { Description = "Image file, or archive.tar::member.jpg" };
    private readonly Option<string> teacher = new("--teacher")
    {
        Description = "Teacher: model directory or checkpoint",
        HelpName = "MODEL",
        Required = true,
    };
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly Option<string?> scores = new("--scores")
    {
        Description = "Scores table of a pool by the same teacher, to compare with",
        HelpName = "FILE",
    };
    private readonly Option<string?> output = new Option<string?>("--output", "-o")
    {
        Description = "Attention map over the image to write",
        HelpName = "FILE.png",
    }.NamesAFile();
    private readonly Option<int?> block = new("--block")
    {
        Description = "Block whose attention is drawn [default: the last one probed]",
        HelpName = "B",
    };
    private readonly PreprocessingOptionSet preprocessing = new();

    public ExplainVerb()
        : base(
            "explain",
            "Explain the scores of one image: prediction, where the teacher looks, and its place in a pool.",
            "dfkd explain photo.jpg --teacher teacher/ --scores scores.csv -o map.png"
        )
    {
        Add(image);
        AddOptions([
            teacher,
            scores,
            output,
            block,
            heads,
            .. preprocessing.All,
            CommonOptions.Device,
            CommonOptions.Threads,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        string named = ManifestPath.FromTable(parsed.GetRequiredValue(image), Path.GetFullPath("here"));
        string? map = parsed.GetValue(output) is { } file ? Path.GetFullPath(file) : null,
            pool = parsed.GetValue(scores);
        if (map is not null && !map.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--output {map}: name a .png file");
        using OutputLock? held = map is null ? null : OutputPicture.Take(map, "explain", parsed);
        string sha256 = Content(named, cancel);
        int[] blocks = [.. BlocksOf(pool).Concat(parsed.GetValue(block) is { } given ? [given] : [])];

        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        ScoreOptions options = TeacherViews.Options(
            parsed.GetRequiredValue(teacher),
            parsed.GetValue(heads),
            null,
            preprocessing.In(parsed),
            parsed
        );
        using Teacher probe = new(options with { Blocks = blocks.Length > 0 ? blocks : null });
        double[] figures = probe.ScoreFiles([named], cancel)[0] ?? throw new UsageException($"{named} cannot be scored");
        TeacherView look = probe.Look([named], cancel)[0]!;
        int drawn = parsed.GetValue(block) ?? probe.Blocks[^1];

        Dictionary<string, double> scored = probe
            .Columns.Zip(figures)
            .ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        Choice[] choices =
        [
            .. (look.Probabilities ?? [])
                .Index()
                .OrderByDescending(of => of.Item)
                .ThenBy(of => of.Index)
                .Take(ChoicesShown)
                .Select(of => new Choice(of.Index, probe.ClassName(of.Index), of.Item)),
        ];
        PoolStanding? standing = pool is null
            ? null
            : PoolStanding.Of(pool, scored, choices.Length > 0 ? choices[0].Class : null, sha256, cancel);
        IReadOnlyList<string> verdict = standing is null ? ImageVerdict.Alone(look.Probabilities) : ImageVerdict.AgainstPool(standing);
        held?.RefuseAppeared(parsed.GetValue(CommonOptions.Overwrite));
        if (map is not null)
            AtomicFile.WriteAllBytes(
                map,
                ImageWriter.EncodePng(AttentionOverlay.Draw(TeacherViews.View(look, drawn), Math.Max(LeastMapSide, look.Seen.Width)))
            );
        Explanation found = new(named, sha256, verdict, choices, scored, standing, drawn, map);
        terminal.Print(found, () => Text(found));
    }

    // Said here, where the reason is known.
    private static string Content(string path, CancellationToken cancel)
    {
        ImageInput input = ImageInputs.Read([path], cancel: cancel).First();
        string? reason =
            input.Bytes is { } bytes ? ImageDecoder.Decode(bytes, DecodeLimits.Local).Reason
            : ImageInputs.IsInBucket(path) || File.Exists(ManifestPath.SplitMember(path).File) ? input.Reason
            : "no such file";
        return reason is null
            ? Convert.ToHexStringLower(SHA256.HashData(input.Bytes!))
            : throw new UsageException($"{path} is no image that can be read: {reason}");
    }

    // The pool's blocks, so that every probe column finds its counterpart.
    private static IEnumerable<int> BlocksOf(string? pool)
    {
        if (pool is null)
            return [];
        using TableReader table = Table.Open(pool);
        return [.. table.Header.Columns.Select(name => Columns.ProbeBlock(name, "probe_variance_")).OfType<int>()];
    }

    private static string Text(Explanation found)
    {
        List<string> lines = [found.Image, "", .. found.Verdict];
        if (found.Predictions.Count > 0)
            lines.AddRange([
                "",
                TextTable.Format(
                    ["prediction", "probability"],
                    found.Predictions.Select(of =>
                        (string[])[of.Name.Length > 0 ? of.Name : Invariant($"class {of.Class}"), Invariant($"{100 * of.Probability:F1} %")]
                    )
                ),
            ]);
        lines.AddRange([
            "",
            found.Pool is { } pool
                ? TextTable.Format(
                    ["score", "image", "pool's median", "percentile", "more useful than"],
                    pool.Scores.Select(of =>
                        (string[])[of.Title, Figure(of.Value), Figure(of.Median), Percent(of.Below), Percent(of.MoreUsefulThan)]
                    )
                )
                : TextTable.Format(["score", "image"], found.Scores.Select(of => (string[])[of.Key, Figure(of.Value)])),
        ]);
        if (found.Pool is { } compared)
            lines.Add(
                Invariant(
                    $"\nbeside {compared.Usable:N0} usable images{(found.Predictions.Count > 0 ? Invariant($", {compared.SameClass:N0} of them with the same prediction") : "")}"
                )
            );
        if (found.Map is { } map)
            lines.Add($"\nattention of block {found.Block} -> {map}");
        return string.Join('\n', lines);
    }

    private static string Figure(double value) => double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "";

    private static string Percent(double share) => double.IsFinite(share) ? Invariant($"{100 * share:F1} %") : "";

    /// <summary>A class with its probability.</summary>
    private sealed record Choice(int Class, string Name, double Probability);

    private sealed record Explanation(
        string Image,
        string Sha256,
        IReadOnlyList<string> Verdict,
        IReadOnlyList<Choice> Predictions,
        IReadOnlyDictionary<string, double> Scores,
        PoolStanding? Pool,
        int Block,
        string? Map
    );
}
