// What a pipeline has to know of a verb beyond its options: what it takes from earlier stages, and what it leaves.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>A key that an earlier stage's output fills where the file leaves it out.</summary>
/// <param name="Key">The verb's argument or option.</param>
/// <param name="From">What may fill it; the latest stage that makes any of these does.</param>
/// <param name="Needed">Whether the verb cannot run without.</param>
internal sealed record Intake(string Key, Product[] From, bool Needed = true);

/// <summary>A verb as a stage.</summary>
/// <param name="Verb">Its name.</param>
/// <param name="Argument">Key of its positional argument.</param>
/// <param name="Makes">What it leaves for others.</param>
/// <param name="Output">Its output's name in the run's folder where the stage has the verb's name.</param>
/// <param name="Figures">Its key figures, as names in its summary.</param>
internal sealed record StageKind(string Verb, string Argument, Product Makes, string Output, params string[] Figures)
{
    private static readonly Product[] Models = [Product.Student, Product.Teacher],
        Teachers = [Product.Teacher];

    /// <summary>Every verb that can be a stage.</summary>
    public static IReadOnlyList<StageKind> All { get; } =
    [
        new("crawl", "sources", Product.Images, "store", "rows", "counts.ok")
        {
            Paths = ["sources", "steer-by", "ca-file", "engine-credentials"],
            KeepsOutput = true,
        },
        new("score", "images", Product.Scores, "scores.csv", "rows", "counts.ok")
        {
            Takes = [new("images", [Product.Images]), new("teacher", Teachers)],
            Paths = ["images", "teacher", "intact-model", "cascade-model", "engine-credentials"],
            FurtherOutputs = ["embeddings"],
        },
        new("select", "scores", Product.Selection, "selected.csv", "selected", "usable", "class_entropy")
        {
            Takes = [new("scores", [Product.Scores])],
            Paths = ["scores", "quota-file", "negatives", "embeddings", "advise"],
        },
        new("pack", "selection", Product.None, "packed", "packed")
        {
            Takes = [new("selection", [Product.Selection])],
            Paths = ["selection"],
        },
        new("cache", "selection", Product.Cache, "teacher.cache", "records", "bytes")
        {
            Takes = [new("selection", [Product.Selection]), new("teacher", Teachers)],
            Paths = ["selection", "teacher", "engine-credentials"],
        },
        new("prune", "images", Product.Student, "pruned", "held_out", "estimate", "parameters")
        {
            Takes = [new("images", [Product.Selection]), new("teacher", Teachers)],
            Leading = ["teacher"],
            Paths = ["images", "teacher", "pool"],
            Specs = ["student"],
        },
        new("distill", "selection", Product.Student, "student", "held_out", "final_loss", "parameters")
        {
            Takes =
            [
                new("selection", [Product.Selection]),
                new("cache", [Product.Cache], Needed: false),
                new("teacher", Teachers, Needed: false),
            ],
            Paths = ["selection", "cache", "teacher", "validation"],
            Specs = ["student", "via"],
        },
        new("train", "data", Product.Teacher, "teacher", "held_out", "final_loss", "parameters") { Paths = ["data"], Specs = ["model"] },
        new("evaluate", "model", Product.None, "evaluate.json", "top1", "balanced_top1", "against.agreement")
        {
            Takes = [new("model", Models), new("against", Teachers, Needed: false)],
            Paths = ["model", "data", "against"],
            TeacherKey = "against",
            HeadsKey = "against-heads",
            OutputOption = null,
        },
        new("estimate", "student", Product.None, "estimate.json", "estimate", "low", "high", "agreement")
        {
            Takes = [new("student", [Product.Student]), new("teacher", Teachers)],
            Paths = ["student", "teacher", "images", "labelled"],
            HeadsKey = "teacher-heads",
            OutputOption = null,
        },
        new("export", "model", Product.None, "model.onnx", "bytes", "error")
        {
            Takes = [new("model", Models)],
            Paths = ["model", "calibrate", "check", "labelled"],
            OutputOption = "onnx",
        },
        new("report", "scores", Product.None, "report.html", "rows", "selected", "bytes")
        {
            Takes =
            [
                new("scores", [Product.Scores]),
                new("selection", [Product.Selection], Needed: false),
                new("student", [Product.Student], Needed: false),
                new("teacher", Teachers, Needed: false),
            ],
            Paths = ["scores", "selection", "student", "teacher", "data"],
        },
        new("contact-sheet", "table", Product.None, "contact-sheet.png", "best", "worst")
        {
            Takes = [new("table", [Product.Scores])],
            Paths = ["table"],
        },
        new("auroc", "scores", Product.None, "auroc.json")
        {
            Takes = [new("scores", [Product.Scores])],
            Paths = ["scores", "truth", "negatives", "embeddings"],
            OutputOption = null,
        },
    ];

    /// <summary>What earlier stages may fill.</summary>
    public Intake[] Takes { get; init; } = [];

    /// <summary>Keys of arguments that stand before the main one.</summary>
    public string[] Leading { get; init; } = [];

    /// <summary>Keys whose values are files or folders to read.</summary>
    public string[] Paths { get; init; } = [];

    /// <summary>Keys whose values are architectures, or models to go on from.</summary>
    public string[] Specs { get; init; } = [];

    /// <summary>Options that name outputs beside the main one.</summary>
    public string[] FurtherOutputs { get; init; } = [];

    /// <summary>The option that names the output; null where the verb prints its result, which then becomes that file.</summary>
    public string? OutputOption { get; init; } = "output";

    /// <summary>The key that the file's teacher goes to.</summary>
    public string TeacherKey { get; init; } = "teacher";

    /// <summary>The key that the heads of the file's teacher go to.</summary>
    public string HeadsKey { get; init; } = "heads";

    /// <summary>Whether the verb adds to an output that is there, and replaces none.</summary>
    public bool KeepsOutput { get; init; }

    /// <summary>The output's name for a stage of this name.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="format">What <c>pack --to</c> asks for.</param>
    public string OutputFor(string stage, string? format)
    {
        // A list or table is a file; every other form is a folder.
        string ending =
            Verb != "pack"
                ? Path.GetExtension(Output)
                : format switch
                {
                    "urls" => ".txt",
                    "csv" => ".csv",
                    "parquet" => ".parquet",
                    _ => "",
                };
        return (stage == Verb ? Path.GetFileNameWithoutExtension(Output) : stage) + ending;
    }
}
