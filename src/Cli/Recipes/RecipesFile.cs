// recipes.yaml: each entry is a command line of `dfkd distill` or `dfkd train` in other clothes, so that every option of theirs works here.

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using DataFreeKD.Cli.Verbs;
using DataFreeKD.Distiller;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using YamlDotNet.RepresentationModel;

namespace DataFreeKD.Cli.Recipes;

/// <summary>Reads the recipes of a comparison.</summary>
internal sealed class RecipesFile
{
    // Given once for the whole comparison, or set for each run.
    private static readonly string[] Reserved =
    [
        "output",
        "seed",
        "resume",
        "overwrite",
        "device",
        "threads",
        "json",
        "quiet",
        "verbose",
        "help",
    ];

    private static readonly string[] TopKeys = ["seeds", "baseline", "tests", "equal-steps", "defaults", "recipes"];

    // Where a path is written relative to the file; the last three may also be an architecture's name.
    private static readonly string[] PathKeys = ["selection", "validation", "data", "teacher", "cache"],
        PathOrNameKeys = ["student", "via", "model"];

    private readonly YamlDocument yaml;
    private readonly string folder;
    private readonly string[] common;
    private readonly DistillVerb distill = new();
    private readonly TrainVerb train = new();

    private RecipesFile(string path, string device, int threads)
    {
        yaml = YamlDocument.Read(path, "compare");
        folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        common = [$"--device={device}", string.Create(CultureInfo.InvariantCulture, $"--threads={threads}")];
    }

    /// <summary>The comparison that the file describes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="output">Folder of the runs.</param>
    /// <param name="device">Device of every run.</param>
    /// <param name="threads">Threads of every run.</param>
    /// <exception cref="UsageException">What is wrong, with file and line.</exception>
    public static ComparisonOptions Read(string path, string output, string device, int threads) =>
        new RecipesFile(path, device, threads).Options(output) with
        {
            Device = device,
            Workers = threads,
        };

    private ComparisonOptions Options(string output)
    {
        Dictionary<string, YamlNode> top = new(StringComparer.Ordinal);
        foreach ((string key, YamlNode at, YamlNode value) in yaml.Pairs(yaml.Root, "the file"))
        {
            if (!TopKeys.Contains(key))
                throw yaml.Bad(at, $"unknown key '{key}': expected {string.Join(", ", TopKeys)}");
            top[key] = value;
        }
        foreach (string key in (string[])["seeds", "tests", "recipes"])
        {
            if (!top.ContainsKey(key))
                throw yaml.Bad(yaml.Root, $"'{key}' is missing");
        }
        List<Entry> defaults = top.TryGetValue("defaults", out YamlNode? given)
            ? [.. Entries(given, "defaults", [Verb("distill", given), Verb("train", given)])]
            : [];
        return new ComparisonOptions
        {
            Output = output,
            Seeds = [.. yaml.Items(top["seeds"], "seeds").Select(Seed)],
            Baseline = top.TryGetValue("baseline", out YamlNode? baseline) ? yaml.Text(baseline, "baseline") : null,
            EqualSteps = !top.TryGetValue("equal-steps", out YamlNode? equal) || Flag(equal),
            TestSets = [.. Tests(top["tests"])],
            Recipes = [.. yaml.Items(top["recipes"], "recipes").Select(node => ReadRecipe(node, defaults))],
        };
    }

    private sealed record Entry(string Key, YamlNode At, YamlNode Value);

    private sealed record Kind(string Name, string Argument, Command Command, Func<ParseResult, LoopOptions> Options)
    {
        public bool Knows(string key) => key == Argument || Command.Options.Any(option => option.Name == "--" + key);
    }

    private Kind Verb(string name, YamlNode at) =>
        name switch
        {
            "distill" => new Kind(name, "selection", distill, distill.OptionsOf),
            "train" => new Kind(name, "data", train, train.OptionsOf),
            _ => throw yaml.Bad(at, $"kind '{name}': expected distill or train"),
        };

    private ComparedRecipe ReadRecipe(YamlNode node, List<Entry> defaults)
    {
        string? name = null,
            kindName = "distill";
        YamlNode kindAt = node;
        foreach ((string key, YamlNode _, YamlNode value) in yaml.Pairs(node, "a recipe"))
        {
            if (key == "name")
                name = yaml.Text(value, key);
            if (key == "kind")
                (kindName, kindAt) = (yaml.Text(value, key), value);
        }
        if (name is null)
            throw yaml.Bad(node, "a recipe has no name");
        Kind kind = Verb(kindName, kindAt);
        List<Entry> own = [.. Entries(node, $"recipe '{name}'", [kind])];
        // What is common to all is taken where the kind has it; a bound without a teacher has the students' architecture unless it names
        // one.
        IEnumerable<Entry> inherited = defaults
            .Select(entry =>
                kind.Name == "train" && entry.Key == "student" && defaults.All(other => other.Key != "model")
                    ? entry with
                    {
                        Key = "model",
                    }
                    : entry
            )
            .Where(entry => kind.Knows(entry.Key) && own.All(mine => mine.Key != entry.Key));
        return new ComparedRecipe(name, Parsed(node, name, kind, [.. inherited, .. own]));
    }

    private IEnumerable<Entry> Entries(YamlNode node, string what, Kind[] kinds)
    {
        foreach ((string key, YamlNode at, YamlNode value) in yaml.Pairs(node, what))
        {
            if (what != "defaults" && (key is "name" or "kind"))
                continue;
            if (key == "ranks")
                throw yaml.Bad(at, $"{what}: 'ranks' is for one training; a comparison's runs are shared out by --shard or --engine");
            if (Reserved.Contains(key))
                throw yaml.Bad(at, $"{what}: '{key}' is set for the whole comparison, not for a recipe");
            if (!Array.Exists(kinds, kind => kind.Knows(key)))
                throw yaml.Bad(
                    at,
                    $"{what}: unknown key '{key}': expected {string.Join(" or ", kinds.Select(kind => $"'{kind.Argument}' or an option of dfkd {kind.Name}"))}, without its dashes"
                );
            yield return new Entry(key, at, value);
        }
    }

    private LoopOptions Parsed(YamlNode node, string name, Kind kind, List<Entry> entries)
    {
        List<string> arguments = ["--output=.", .. common];
        bool named = false;
        foreach (Entry entry in entries.Where(entry => !YamlDocument.IsNull(entry.Value)))
        {
            foreach (YamlNode item in entry.Value is YamlSequenceNode list ? list.Children : [entry.Value])
            {
                string text = Resolved(entry.Key, yaml.Text(item, entry.Key));
                arguments.Add(entry.Key == kind.Argument ? text : $"--{entry.Key}={text}");
            }
            named |= entry.Key == kind.Argument;
        }
        if (!named)
            throw yaml.Bad(node, $"recipe '{name}': '{kind.Argument}' is missing");
        ParseResult parsed = kind.Command.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            string? option = (parsed.Errors[0].SymbolResult as OptionResult)?.Option.Name;
            YamlNode at = entries.LastOrDefault(entry => "--" + entry.Key == option)?.At ?? node;
            throw yaml.Bad(at, $"recipe '{name}': {CommandLine.Problem(parsed)}");
        }
        try
        {
            LoopOptions options = kind.Options(parsed);
            options.Validate();
            return options;
        }
        catch (Exception problem) when (problem is UsageException or DistillException or ModelException or TableException)
        {
            throw yaml.Bad(node, $"recipe '{name}': {problem.Message}");
        }
    }

    private IEnumerable<TestSet> Tests(YamlNode node)
    {
        foreach ((string key, YamlNode at, YamlNode value) in yaml.Pairs(node, "tests"))
        {
            string data = Path.GetFullPath(yaml.Text(value, key), folder);
            if (!File.Exists(data) && !Directory.Exists(data))
                throw yaml.Bad(at, $"test set '{key}': there is nothing at {data}");
            yield return new TestSet(key, data);
        }
    }

    private string Resolved(string key, string text)
    {
        string full = Path.GetFullPath(text, folder);
        return PathKeys.Contains(key) || (PathOrNameKeys.Contains(key) && (File.Exists(full) || Directory.Exists(full))) ? full : text;
    }

    private long Seed(YamlNode node) =>
        long.TryParse(yaml.Text(node, "seeds"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seed)
            ? seed
            : throw yaml.Bad(node, $"seeds: '{yaml.Text(node, "seeds")}' is not a whole number");

    private bool Flag(YamlNode node) =>
        bool.TryParse(yaml.Text(node, "equal-steps"), out bool flag) ? flag : throw yaml.Bad(node, "equal-steps: expected true or false");
}
