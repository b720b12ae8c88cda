// Files and texts that a user writes: pipelines, comparisons, recipes of losses.

using System.CommandLine;
using System.Text;
using DataFreeKD.Cli;
using DataFreeKD.Cli.Pipeline;
using DataFreeKD.Cli.Recipes;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Fuzz.Targets;

/// <summary>pipeline.yaml and the YAML of a comparison; nothing of them is run.</summary>
internal sealed class PipelineTarget : Target
{
    private readonly Lazy<RootCommand> root = new(CommandLine.Build);

    public override string Name => "pipeline";

    public override string Extension => ".yaml";

    public override string Family => "pipelines";

    protected override IReadOnlyList<string> Words =>
        [
            "stages:\n",
            "  crawl:\n",
            "    sources: ",
            "  select:\n",
            "    from: ",
            "verb: ",
            "teacher: ",
            "&a ",
            "*a",
            "<<: ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            "|\n",
            ">\n",
            "!!binary ",
            "!!int ",
            "---\n",
            "...\n",
            "\t",
            "? ",
            ": ",
            "#",
            "'",
            "\"",
            "\\x",
            "\0",
            "%YAML 1.2\n",
            "null",
            "~",
            "1e999",
        ];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            [
                .. "teacher: teacher/\nseed: 1\nstages:\n  crawl:\n    sources: photos/\n  score:\n  select:\n    budget: 20\n  student:\n    verb: distill\n    from: select\n    student: &s vit:img=32,patch=8,dim=48,depth=5,heads=3\n    steps: 60\n  evaluate:\n    from: student\n    data: test/\n"u8,
            ],
            [
                .. "seeds: [0, 1]\nbaseline: kd\ntests:\n  test: test\ndefaults:\n  selection: s.csv\n  teacher: teacher\n  student: vit:img=32,patch=8,dim=48,depth=5,heads=3\n  steps: 10\nrecipes:\n  - name: kd\n    loss: kd:T=4\n  - name: labels\n    kind: train\n    data: test\n"u8,
            ],
        ];

    public override void Read(byte[] bytes, string file)
    {
        string folder = Path.GetDirectoryName(file)!;
        // What the samples name is there.
        foreach (string name in (ReadOnlySpan<string>)["photos", "teacher", "test"])
            if (!Directory.Exists(Path.Combine(folder, name)))
                Directory.CreateDirectory(Path.Combine(folder, name));
        if (!File.Exists(Path.Combine(folder, "s.csv")))
            File.WriteAllText(Path.Combine(folder, "s.csv"), "path\n");
        ByAll(
            () => _ = PipelineFile.Read(file, Path.Combine(folder, "out"), root.Value).Stages.Count,
            () => _ = RecipesFile.Read(file, Path.Combine(folder, "out"), "cpu", 1).Recipes.Count
        );
    }
}

/// <summary>Recipes of losses.</summary>
internal sealed class RecipeTarget : Target
{
    public override string Name => "recipe";

    public override string Extension => ".txt";

    public override string Family => "pipelines";

    public override bool OnDisk => false;

    protected override IReadOnlyList<string> Words =>
        ["kd", ":", "T=", ",", "*", "+", "preset:", "manifold", "head=cls", "1e999", "-0", "NaN", "teacher=", "=", " "];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            .. RecipePresets
                .All.Keys.Select(name => Encoding.ASCII.GetBytes("preset:" + name))
                .Concat(RecipePresets.All.Values.Select(preset => Encoding.ASCII.GetBytes(preset.Recipe))),
        ];

    public override void Read(byte[] bytes, string file)
    {
        string printed = Recipe.Parse(Encoding.UTF8.GetString(bytes)).ToString();
        if (Recipe.Parse(printed).ToString() != printed)
            throw new InvalidOperationException($"printed as {printed}, which is read as another");
    }
}
