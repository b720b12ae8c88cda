// pipeline.yaml: each stage is a command line in other clothes, as the entries of a comparison are, with what earlier stages leave filled
// in.

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using DataFreeKD.Cli.Verbs;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Selector;
using YamlDotNet.RepresentationModel;
using YamlDocument = DataFreeKD.Cli.Recipes.YamlDocument;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Reads and checks a pipeline; nothing of it is run.</summary>
internal sealed partial class PipelineFile
{
    // Set by the run itself, or they make a verb talk instead of work.
    private static readonly string[] Reserved = ["json", "quiet", "verbose", "help", "resume", "overwrite", "dry-run", "explain"];

    private static readonly string[] Shared = ["teacher", "heads", "seed", "device", "threads"];

    // Keys whose value may name the weights within a file: MODEL#KEY.
    private static readonly string[] ModelKeys = ["teacher", "model", "student", "against"];

    // How fast, not what.
    private static readonly string[] WithoutEffect = ["threads"];

    private readonly YamlDocument yaml;
    private readonly string folder;
    private readonly RootCommand root;
    private readonly Dictionary<string, Entry> shared = new(StringComparer.Ordinal);
    private readonly List<Stage> stages = [];
    private YamlNode? list;
    private string? output;

    private PipelineFile(string path, RootCommand root)
    {
        yaml = YamlDocument.Read(path, "run");
        this.root = root;
        folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
    }

    /// <summary>The stages that the file describes, in its order.</summary>
    /// <param name="path">The file; paths in it are relative to its folder.</param>
    /// <param name="output">Folder of the outputs; null for the file's own.</param>
    /// <param name="root">The command tree.</param>
    /// <exception cref="UsageException">What is wrong, with file, line and column.</exception>
    public static Pipeline Read(string path, string? output, RootCommand root) => new PipelineFile(path, root).Stages(output);

    private sealed record Entry(string Key, YamlNode At, YamlNode Value);

    // One value of a key: what is passed on, and which file or stage it comes from.
    private sealed record Given(string Key, YamlNode At, string Text, string Passed, string? Path = null, string? Maker = null);

    private Pipeline Stages(string? given)
    {
        foreach ((string key, YamlNode at, YamlNode value) in yaml.Pairs(yaml.Root, "the file"))
        {
            if (key == "stages")
                list = value;
            else if (key == "output")
                output = Path.GetFullPath(yaml.Text(value, key), folder);
            else if (Shared.Contains(key))
                shared[key] = new Entry(key, at, value);
            else
                throw yaml.Bad(at, $"unknown key '{key}': expected stages, output, {string.Join(", ", Shared)}");
        }
        if (list is null)
            throw yaml.Bad(yaml.Root, "'stages' is missing");
        output = given ?? output ?? throw yaml.Bad(yaml.Root, "no folder for the outputs is named; give -o DIR, or 'output' in the file");
        foreach ((string name, YamlNode at, YamlNode value) in yaml.Pairs(list, "stages"))
            stages.Add(Read(name, at, value));
        if (stages.Count == 0)
            throw yaml.Bad(list, "'stages' names none");
        return new Pipeline(stages, output);
    }

    private Stage Read(string name, YamlNode at, YamlNode value)
    {
        if (!PlainName().IsMatch(name))
            throw yaml.Bad(at, $"stage '{name}': a name has letters, digits, '-', '_' and '.' only, and begins with a letter or digit");
        List<Entry> entries = YamlDocument.IsNull(value)
            ? []
            : [.. yaml.Pairs(value, $"stage '{name}'").Select(pair => new Entry(pair.Key, pair.KeyNode, pair.Value))];
        (StageKind kind, Verb verb) = KindOf(name, at, entries.Find(entry => entry.Key == "verb"));
        Stage[] lineage = entries.Find(entry => entry.Key == "from") is { } from ? Lineage(name, from) : [.. Enumerable.Reverse(stages)];
        entries.RemoveAll(entry => entry.Key is "verb" or "from");
        foreach (Entry entry in entries)
        {
            if (entry.Key == "ranks")
                throw yaml.Bad(entry.At, $"stage '{name}': 'ranks' is for dfkd {kind.Verb} by itself, as mpirun starts it");
            if (Reserved.Contains(entry.Key))
                throw yaml.Bad(entry.At, $"stage '{name}': '{entry.Key}' is for the run to decide, not for a stage");
            if (
                entry.Key != kind.Argument
                && !kind.Leading.Contains(entry.Key)
                && !Knows(verb, entry.Key)
                && !(entry.Key == "output" && kind.OutputOption is null)
            )
                throw yaml.Bad(
                    entry.At,
                    $"stage '{name}': unknown key '{entry.Key}': expected '{kind.Argument}' or an option of dfkd {kind.Verb}, without its dashes"
                );
        }
        List<Given> givens = [.. Values(name, kind, verb, entries, lineage)];
        foreach (Intake intake in kind.Takes.Where(intake => intake.Needed && givens.TrueForAll(value => value.Key != intake.Key)))
        {
            throw yaml.Bad(
                at,
                $"stage '{name}': '{intake.Key}' is missing: no stage {(entries.Count > 0 && lineage.Length < stages.Count ? "that it is from" : "above")} makes one; name it{(intake.Key == kind.TeacherKey ? ", here or for all stages at the top of the file" : "")}"
            );
        }
        return Checked(name, at, kind, verb, givens, Outputs(name, kind, entries));
    }

    private (StageKind Kind, Verb Verb) KindOf(string name, YamlNode at, Entry? named)
    {
        string verb = named is null ? name : yaml.Text(named.Value, "verb");
        IEnumerable<string> known = StageKind
            .All.Select(kind => kind.Verb)
            .Where(kind => root.Subcommands.Any(command => command.Name == kind));
        if (!known.Contains(verb))
            throw yaml.Bad(
                named?.Value ?? at,
                named is null
                    ? $"unknown stage '{name}': name its verb ('verb: select'), or call it {string.Join(", ", known)}"
                    : $"stage '{name}': verb '{verb}': expected {string.Join(", ", known)}"
            );
        return (StageKind.All.First(kind => kind.Verb == verb), (Verb)root.Subcommands.First(command => command.Name == verb));
    }

    // The stages named, then those that they were made from: nearest first.
    private Stage[] Lineage(string name, Entry from)
    {
        List<Stage> found = [];
        foreach (YamlNode node in from.Value is YamlSequenceNode several ? several.Children : [from.Value])
            found.Add(Earlier(name, node, yaml.Text(node, "from")));
        for (int i = 0; i < found.Count; i++)
            found.AddRange(
                found[i].Makers.Select(maker => stages.First(stage => stage.Name == maker)).Where(stage => !found.Contains(stage))
            );
        return [.. found];
    }

    private Stage Earlier(string name, YamlNode node, string wanted) =>
        stages.Find(stage => stage.Name == wanted)
        ?? throw yaml.Bad(
            node,
            yaml.Pairs(list!, "stages").Any(pair => pair.Key == wanted)
                ? wanted == name
                    ? $"stage '{name}' would begin with its own output, a cycle"
                    : $"stage '{name}' would begin with '{wanted}', which comes after it; stages run in the order of the file, so that there is no cycle"
                : $"stage '{name}': there is no stage '{wanted}'"
        );

    private IEnumerable<Given> Values(string name, StageKind kind, Verb verb, List<Entry> entries, Stage[] lineage)
    {
        foreach (
            Entry entry in entries.Where(entry =>
                !YamlDocument.IsNull(entry.Value)
                && entry.Key != kind.OutputOption
                && entry.Key != "output"
                && (!kind.FurtherOutputs.Contains(entry.Key) || IsNone(entry))
            )
        )
        {
            foreach (Given given in Read(name, kind, entry))
                yield return given;
        }
        bool Open(string key) => entries.TrueForAll(entry => entry.Key != key);
        bool cached = kind.Verb == "distill" && entries.Exists(entry => entry.Key == "cache" && !YamlDocument.IsNull(entry.Value));
        string? model = null;
        foreach (Intake intake in kind.Takes.Where(intake => Open(intake.Key)))
        {
            // A cache holds what its teacher said.
            if (intake.Key == kind.TeacherKey && cached)
                continue;
            // The file's own teacher comes before one that a stage trains.
            if (intake.Key == kind.TeacherKey && SharedValue("teacher") is { } teacher)
            {
                Given own = Read(name, kind, teacher with { Key = kind.TeacherKey }).First();
                if (own.Path == model)
                    continue;
                yield return own;
                if (Open(kind.HeadsKey) && SharedValue("heads") is { } heads)
                    yield return Read(name, kind, heads with { Key = kind.HeadsKey }).First();
            }
            else if (Array.Find(lineage, stage => intake.From.Contains(stage.Kind.Makes)) is { } maker)
            {
                if (maker.Proof == model)
                    continue;
                if (intake.Key == kind.Argument)
                    model = maker.Proof;
                cached |= intake.Key == "cache";
                yield return new Given(intake.Key, yaml.Root, $"${maker.Name}", maker.Proof, maker.Proof, maker.Name);
            }
        }
        foreach (string key in (string[])["seed", "device", "threads"])
        {
            if (Open(key) && Knows(verb, key) && SharedValue(key) is { } common)
                yield return Read(name, kind, common).First();
        }
    }

    private Entry? SharedValue(string key) => shared.TryGetValue(key, out Entry? entry) && !YamlDocument.IsNull(entry.Value) ? entry : null;

    private IEnumerable<Given> Read(string name, StageKind kind, Entry entry)
    {
        foreach (YamlNode node in entry.Value is YamlSequenceNode several ? several.Children : [entry.Value])
        {
            string text = yaml.Text(node, entry.Key);
            if (entry.Key == "embeddings" && text == SetOptions.NoEmbeddings)
                yield return new Given(entry.Key, entry.At, text, text);
            else if (text.StartsWith('$') && (kind.Paths.Contains(entry.Key) || kind.Specs.Contains(entry.Key)))
            {
                Stage maker = Earlier(name, node, text[1..]);
                string made =
                    entry.Key != "embeddings"
                        ? maker.Proof
                        : maker.Outputs.Skip(1).FirstOrDefault()
                            ?? throw yaml.Bad(
                                node,
                                $"stage '{maker.Name}' writes no embeddings; name a stage of score that has no 'embeddings: none'"
                            );
                yield return new Given(entry.Key, entry.At, text, made, made, maker.Name);
            }
            else if (kind.Paths.Contains(entry.Key))
                yield return OfPath(name, entry, node, text);
            else if (kind.Specs.Contains(entry.Key))
                yield return OfSpec(name, entry, node, text);
            else
                yield return new Given(entry.Key, entry.At, text, text);
        }
    }

    private Given OfPath(string name, Entry entry, YamlNode node, string text)
    {
        if (text == "-")
            throw yaml.Bad(node, $"stage '{name}': standard input cannot be read twice; write the list to a file");
        string full = SourceText.Absolute(text, folder);
        string? read = SourceText.PathOf(full);
        if (read is not null && ModelKeys.Contains(entry.Key))
            read = SourceText.WithoutWeightsKey(read);
        if (read is not null && !SourceText.IsThere(read))
            throw yaml.Bad(node, $"stage '{name}': {entry.Key}: there is nothing at {read}");
        return new Given(entry.Key, entry.At, text, full, read);
    }

    private Given OfSpec(string name, Entry entry, YamlNode node, string text)
    {
        string full = Path.GetFullPath(text, folder);
        string file = SourceText.WithoutWeightsKey(full);
        if (SourceText.IsThere(file))
            return new Given(entry.Key, entry.At, text, full, file);
        try
        {
            ModelRegistry.Resolve(text);
        }
        catch (ModelException problem)
        {
            throw yaml.Bad(node, $"stage '{name}': {entry.Key}: {problem.Message}");
        }
        return new Given(entry.Key, entry.At, text, text);
    }

    private (string Option, string Path, YamlNode? At)[] Outputs(string name, StageKind kind, List<Entry> entries)
    {
        string key = kind.OutputOption ?? "output";
        Entry? Named(string wanted) => entries.Find(entry => entry.Key == wanted && !YamlDocument.IsNull(entry.Value));
        string In(Entry entry) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(yaml.Text(entry.Value, entry.Key), output!));
        string? format = Named("to") is { } to ? yaml.Text(to.Value, "to") : null;
        (string Option, string Path, YamlNode? At)[] found =
        [
            (key, Named(key) is { } own ? In(own) : Path.Combine(output!, kind.OutputFor(name, format)), Named(key)?.At),
            .. kind
                .FurtherOutputs.Select(Named)
                .OfType<Entry>()
                .Where(entry => !IsNone(entry))
                .Select(entry => (entry.Key, In(entry), (YamlNode?)entry.At)),
        ];
        foreach ((string option, string path, YamlNode? at) in found)
        {
            if (stages.Find(stage => stage.Outputs.Contains(path)) is { } other)
                throw yaml.Bad(at ?? yaml.Root, $"stage '{name}': {option}: stage '{other.Name}' writes {path} too");
        }
        return found;
    }

    private bool IsNone(Entry entry) => entry.Value is YamlScalarNode && yaml.Text(entry.Value, entry.Key) == SetOptions.NoEmbeddings;

    private Stage Checked(
        string name,
        YamlNode at,
        StageKind kind,
        Verb verb,
        List<Given> givens,
        (string Option, string Path, YamlNode? At)[] outputs
    )
    {
        string[] written = kind.OutputOption is null ? [] : [.. outputs.Select(output => $"--{output.Option}={output.Path}")];
        Stage stage = new()
        {
            Name = name,
            Where = yaml.At(at),
            Kind = kind,
            Verb = verb,
            Arguments =
            [
                .. written,
                .. givens
                    .Where(given => given.Key != kind.Argument && !kind.Leading.Contains(given.Key))
                    .Select(given => $"--{given.Key}={given.Passed}"),
                "--",
                .. kind.Leading.SelectMany(key => givens.Where(given => given.Key == key)).Select(given => given.Passed),
                .. givens.Where(given => given.Key == kind.Argument).Select(given => given.Passed),
            ],
            Options = givens
                .Where(given => !WithoutEffect.Contains(given.Key))
                .GroupBy(given => given.Key, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(given => given.Text)), StringComparer.Ordinal),
            Inputs =
            [
                .. givens
                    .GroupBy(given => given.Key)
                    .SelectMany(group =>
                        group
                            .Index()
                            .Where(pair => pair.Item.Path is not null)
                            .Select(pair => new StageInput(Numbered(pair.Item.Key, pair.Index), pair.Item.Path!, pair.Item.Maker))
                    ),
                .. Beside(verb, givens),
            ],
            Outputs = [.. outputs.Select(output => output.Path), .. Kept(kind, outputs, givens)],
        };
        ParseResult parsed = stage.Parse(root, stage.Overwrites ? ["--overwrite"] : []);
        if (parsed.Errors.Count > 0)
        {
            SymbolResult? blamed = parsed.Errors[0].SymbolResult;
            string? key =
                blamed is OptionResult option ? option.Option.Name.TrimStart('-')
                : blamed is ArgumentResult ? kind.Argument
                : null;
            throw yaml.Bad(givens.FindLast(given => given.Key == key)?.At ?? at, $"stage '{name}': {CommandLine.Problem(parsed)}");
        }
        try
        {
            verb.Check(parsed);
        }
        catch (Exception problem) when (Failures.Describe(problem, interrupted: false).Code == ExitCode.BadInput)
        {
            throw yaml.Bad(at, $"stage '{name}': {FlagNames.MessageOf(problem)}");
        }
        return stage;
    }

    // What scoring leaves beside its table unasked, where it does.
    private static IEnumerable<string> Kept(StageKind kind, (string Option, string Path, YamlNode? At)[] outputs, List<Given> givens) =>
        kind.Makes == Product.Scores && outputs.Length == 1 && !givens.Exists(given => given.Key == "embeddings")
            ? [ManifestPath.EmbeddingsBeside(outputs[0].Path)]
            : [];

    // The embeddings of a table that an earlier stage makes, where none are named: they may be there or not.
    private IEnumerable<StageInput> Beside(Verb verb, List<Given> givens) =>
        !Knows(verb, "embeddings") || givens.Exists(given => given.Key == "embeddings")
            ? []
            : givens
                .Select(given => stages.Find(stage => stage.Name == given.Maker && stage.Kind.Makes == Product.Scores))
                .OfType<Stage>()
                .SelectMany(stage => stage.Outputs.Skip(1))
                .Distinct()
                .Take(1)
                .Select(path => new StageInput("embeddings", path, null));

    private static string Numbered(string key, int index) =>
        index == 0 ? key : string.Create(CultureInfo.InvariantCulture, $"{key} {index + 1}");

    private static bool Knows(Verb verb, string key) => verb.Options.Any(option => option.Name == "--" + key);

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    private static partial Regex PlainName();
}
