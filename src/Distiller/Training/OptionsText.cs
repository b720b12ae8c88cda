// Options as text, for provenance, the model card and the checkpoint's fingerprint.

using System.Globalization;
using System.Reflection;
using DataFreeKD.Distiller.Pruning;

namespace DataFreeKD.Distiller.Training;

internal static class OptionsText
{
    // These decide where and how fast a run goes, not what comes out of it.
    private static readonly HashSet<string> WithoutEffect = [nameof(LoopOptions.Output), nameof(LoopOptions.Resume), nameof(LoopOptions.Naming), nameof(LoopOptions.Overwrite), nameof(LoopOptions.Workers), nameof(LoopOptions.MaxPixelMemory), nameof(LoopOptions.CheckpointEvery), nameof(LoopOptions.ToolVersion), nameof(PruneOptions.MaxActivationMemory)];

    private const string Between = ", ";

    /// <summary>Every option by kebab-case name, invariant culture; empty for null.</summary>
    public static SortedDictionary<string, string> All(object options) => Of(options, _ => true);

    /// <summary>The options that decide the result.</summary>
    public static SortedDictionary<string, string> Deciding(object options) => Of(options, name => !WithoutEffect.Contains(name));

    /// <summary>The options that decide the result, as a model card shows them: files and folders by their last name, since a card is published.</summary>
    public static SortedDictionary<string, string> Shown(object options)
    {
        SortedDictionary<string, string> shown = Deciding(options);
        foreach ((string name, string value) in shown.ToArray())
        {
            shown[name] = IsPath(value) ? LastName(value) : string.Join(Between, value.Split(Between).Select(part => IsPath(part) ? LastName(part) : part));
        }
        return shown;

        static bool IsPath(string text) => File.Exists(text) || Directory.Exists(text);

        static string LastName(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
    }

    private static SortedDictionary<string, string> Of(object options, Predicate<string> wanted) => new(
        options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => wanted(property.Name)).ToDictionary(property => Kebab(property.Name), property => Text(property.GetValue(options))),
        StringComparer.Ordinal);

    private static string Text(object? value) => value is IEnumerable<string> list ? string.Join(Between, list) : value is IEnumerable<int> numbers ? string.Join(',', numbers) : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static string Kebab(string name) => string.Concat(name.Select((letter, i) => char.IsUpper(letter) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}
