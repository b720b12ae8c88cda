// A YAML file as nodes that know where they stand, so that every complaint names line and column.

using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace DataFreeKD.Cli.Recipes;

/// <summary>Reads nodes of one file; whatever does not fit is a <see cref="UsageException"/> that begins with
/// <c>file:line:column:</c>.</summary>
internal sealed class YamlDocument
{
    // Nothing that is read here nests further; the library goes down by recursion, and its stack ends.
    private const int Deepest = 64;

    // Pipelines and recipes have some kilobytes. A file in memory takes some hundred times its size where all of it is punctuation.
    private const long LargestFile = 1 << 20;

    private readonly string path;

    private YamlDocument(string path, YamlMappingNode root) => (this.path, Root) = (path, root);

    /// <summary>The outermost mapping.</summary>
    public YamlMappingNode Root { get; }

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="verb">Whose file it is, for the complaint.</param>
    /// <exception cref="UsageException">No YAML, or no mapping of keys to values.</exception>
    public static YamlDocument Read(string path, string verb)
    {
        if (new FileInfo(path) is { Exists: true, Length: > LargestFile })
            throw new UsageException($"{path} has more than {LargestFile >> 20} MiB; it is no file for dfkd {verb}");
        string text = File.ReadAllText(path);
        YamlStream stream = [];
        Parser parser = new(new StringReader(text));
        try
        {
            RefuseUnfit(text, path);
            stream.Load(parser);
        }
        catch (YamlException problem)
        {
            throw new UsageException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}:{problem.Start.Line}:{problem.Start.Column}: {problem.InnerException?.Message ?? problem.Message}"
                )
            );
        }
        catch (Exception problem) when (problem is InvalidOperationException or ArgumentException)
        {
            // The library's scanner gives up on some broken lists without saying where: the last thing it understood is near.
            throw new UsageException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}:{parser.Current?.End.Line ?? 1}:{parser.Current?.End.Column ?? 1}: a list or mapping that begins here is not YAML; is a bracket missing?"
                )
            );
        }
        return stream.Documents is [{ RootNode: YamlMappingNode root }]
            ? new YamlDocument(path, root)
            : throw new UsageException($"{path}: expected one mapping of keys to values; see dfkd {verb} --help");
    }

    // Before anything is built of it: nesting, and documents after the first, which nobody would read.
    private static void RefuseUnfit(string text, string path)
    {
        int depth = 0;
        int documents = 0;
        Parser events = new(new StringReader(text));
        while (Next(events))
        {
            ParsingEvent current = events.Current!;
            depth += current.NestingIncrease;
            if (depth > Deepest)
                throw Bad(current, path, $"nested more than {Deepest} deep; is a bracket missing?");
            if (current is DocumentStart && ++documents > 1)
                throw Bad(current, path, "a second document begins here; write one file for each");
        }
    }

    private static UsageException Bad(ParsingEvent at, string path, string message) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}:{at.Start.Line}:{at.Start.Column}: {message}"));

    // What is no YAML is told by whoever loads it.
    private static bool Next(Parser events)
    {
        try
        {
            return events.MoveNext();
        }
        catch (Exception broken) when (broken is YamlException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>A complaint about a node.</summary>
    public UsageException Bad(YamlNode node, string message) => new($"{At(node)}: {message}");

    /// <summary>Where a node stands: <c>file:line:column</c>.</summary>
    public string At(YamlNode node) => string.Create(CultureInfo.InvariantCulture, $"{path}:{node.Start.Line}:{node.Start.Column}");

    /// <summary>Keys and values of a mapping, in the file's order.</summary>
    public IEnumerable<(string Key, YamlNode KeyNode, YamlNode Value)> Pairs(YamlNode node, string what)
    {
        if (node is not YamlMappingNode mapping)
            throw Bad(node, $"{what}: expected keys and values");
        return mapping.Children.Select(pair => (Text(pair.Key, what), pair.Key, pair.Value));
    }

    /// <summary>Items of a list.</summary>
    public IEnumerable<YamlNode> Items(YamlNode node, string what) =>
        node is YamlSequenceNode list ? list.Children : throw Bad(node, $"{what}: expected a list");

    /// <summary>A single value as it is written.</summary>
    public string Text(YamlNode node, string what) =>
        node is YamlScalarNode { Value: { } text } ? text : throw Bad(node, $"{what}: expected a single value");

    /// <summary>Whether a value is left empty, or null.</summary>
    public static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };
}
