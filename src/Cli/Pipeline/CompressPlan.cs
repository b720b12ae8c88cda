// The pipeline of `dfkd compress`: what it decides, as a file that `dfkd run` understands.

using System.Globalization;
using System.Text;
using System.Text.Json;
using DataFreeKD.Models;
using DataFreeKD.Toolkit;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>What the arguments of a compression mean.</summary>
internal sealed record CompressPlan
{
    /// <summary>First line of every file that this writes.</summary>
    public const string Mark = "# Written by dfkd compress.";

    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <summary>Teacher, absolute.</summary>
    public required string Teacher { get; init; }

    /// <summary>Where images come from.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>Folder of all outputs, absolute.</summary>
    public required string Output { get; init; }

    /// <summary>Minutes to train after pruning; 0 for none.</summary>
    public required double Minutes { get; init; }

    /// <summary>Steps to train after pruning, in place of <see cref="Minutes"/>; null where the minutes say how many.</summary>
    public int? Steps { get; init; }

    /// <summary>Key and value of the student's budget or shape: <c>params</c>, <c>macs</c>, <c>latency-ms</c> or <c>student</c>; null for
    /// the knee.</summary>
    public (string Key, string Value)? Size { get; init; }

    /// <summary>Images to select; null for a number that follows from how many there are.</summary>
    public long? Budget { get; init; }

    /// <summary>Labelled images to show the truth on; null for none.</summary>
    public string? Labelled { get; init; }

    /// <summary>The teacher's known accuracy; null where nobody knows it.</summary>
    public double? TeacherAccuracy { get; init; }

    /// <summary>The teacher's heads, where its checkpoint does not tell.</summary>
    public int? Heads { get; init; }

    /// <summary>The teacher's preprocessing against its own config; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>The seed.</summary>
    public long Seed { get; init; }

    /// <summary>Where to compute.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the sources have to be fetched or unpacked into a store before they can be scored.</summary>
    public bool Crawls => Sources.Any(CompressDefaults.NeedsCrawl);

    /// <summary>The file's text.</summary>
    public string Text(CancellationToken cancel)
    {
        StringBuilder text = new();
        text.Append(Mark).Append(" Change it and go on with: dfkd run pipeline.yaml\n");
        text.Append(CultureInfo.InvariantCulture, $"output: .\nteacher: {Quoted(Teacher)}\nseed: {Seed}\n");
        if (Heads is { } heads)
            text.Append(CultureInfo.InvariantCulture, $"heads: {heads}\n");
        if (Device != "cpu")
            text.Append(CultureInfo.InvariantCulture, $"device: {Device}\n");
        text.Append("stages:\n");
        if (Crawls)
            Stage(text, "crawl", ("sources", List(Sources)));
        if (Crawls)
            Stage(text, "score", OfTeacher());
        else
            Stage(text, "score", [("images", List(Sources)), .. OfTeacher()]);
        long? budget = Budget ?? (Crawls ? null : CompressDefaults.Selected(CompressDefaults.Count(Sources, cancel)));
        // How many a crawl will bring nobody knows.
        if (budget is { } images)
            Stage(text, "select", ("budget", images.ToString(CultureInfo.InvariantCulture)));
        else
            Stage(text, "select", ("fraction", CompressDefaults.CrawledShare.ToString(Plain)));
        string? accuracy = TeacherAccuracy?.ToString(CultureInfo.InvariantCulture);
        Stage(
            text,
            "prune",
            [
                ("hold-out", CompressDefaults.HoldOut.ToString(Plain)),
                ("pool", "$score"),
                (Size?.Key ?? "", Size is { } size ? Quoted(size.Value) : null),
                ("teacher-accuracy", accuracy),
                .. OfTeacher(),
            ]
        );
        bool trains = Steps is not null || Minutes > 0;
        (string Key, string Value) effort = Steps is { } steps ? ("steps", steps.ToString(Plain)) : ("minutes", Minutes.ToString(Plain));
        if (trains)
            Stage(
                text,
                "distill",
                [
                    ("student", "$prune"),
                    effort,
                    ("validation", "$prune"),
                    ("patience", CompressDefaults.Patience.ToString(Plain)),
                    .. OfTeacher(),
                ]
            );
        Stage(text, "estimate", [("teacher-accuracy", accuracy), ("labelled", Labelled is null ? null : Quoted(Labelled)), .. OfTeacher()]);
        if (Labelled is not null)
        {
            if (trains)
                Stage(
                    text,
                    "evaluate-pruned",
                    [("verb", "evaluate"), ("model", "$prune"), ("data", Quoted(Labelled)), .. OfTeacher("against-")]
                );
            Stage(text, "evaluate", [("model", trains ? "$distill" : "$prune"), ("data", Quoted(Labelled)), .. OfTeacher("against-")]);
        }
        Stage(text, "report", ("student", trains ? "$distill" : "$prune"));
        return text.ToString();
    }

    // The student's own config says what it was pruned with.
    private IEnumerable<(string Key, string? Value)> OfTeacher(string prefix = "") =>
        Preprocessing?.Values.Select(pair => (prefix + pair.Name, (string?)pair.Value)) ?? [];

    private static void Stage(StringBuilder text, string name, params IEnumerable<(string Key, string? Value)> values)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {name}:\n");
        foreach ((string key, string? value) in values.Where(pair => pair.Value is not null))
            text.Append(CultureInfo.InvariantCulture, $"    {key}: {value}\n");
    }

    private static string List(IEnumerable<string> values) =>
        "["
        + string.Join(
            ", ",
            values.Select(value => Quoted(value.Contains("://", StringComparison.Ordinal) ? value : Path.GetFullPath(value)))
        )
        + "]";

    // A JSON string is a YAML string.
    private static string Quoted(string value) => JsonSerializer.Serialize(value, Json);

    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
