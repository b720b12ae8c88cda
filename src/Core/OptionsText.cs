// Options as text: for provenance, model cards and the fingerprints of journals, with one rule for names and values.

using System.Collections;
using System.Globalization;
using System.Reflection;

namespace DataFreeKD.Core;

/// <summary>Public properties of records of options, by name in kebab-case (<c>batch-size</c>), with values in invariant culture.</summary>
/// <remarks>
/// A new option is in every record from the day that it exists. A list's elements stand between <c>", "</c> (numbers between commas),
/// a dictionary is <c>key=value</c> in the order of its keys, null is empty; numbers have the shortest text that parses back to them.
/// </remarks>
internal static class OptionsText
{
    private const string Between = ", ";

    /// <summary>Every option; empty text for null.</summary>
    /// <param name="groups">A record of options, then those that it holds: their options stand beside its own instead of as one
    /// value.</param>
    public static SortedDictionary<string, string> All(params ReadOnlySpan<object> groups)
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal);
        object[] held = groups.ToArray();
        foreach (object options in held)
        {
            foreach (PropertyInfo property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                object? value = property.GetValue(options);
                if (value is null || value.GetType().IsValueType || !held.Contains(value, ReferenceEqualityComparer.Instance))
                    all.Add(Kebab(property.Name), Text(value));
            }
        }
        return all;
    }

    /// <summary>The options that are set, which are those with a text, but for the named ones.</summary>
    /// <param name="without">Names of properties.</param>
    /// <param name="groups">As for <see cref="All"/>.</param>
    public static SortedDictionary<string, string> Given(IEnumerable<string> without, params ReadOnlySpan<object> groups)
    {
        SortedDictionary<string, string> given = Without(without, groups);
        foreach (string name in given.Where(pair => pair.Value.Length == 0).Select(pair => pair.Key).ToArray())
            given.Remove(name);
        return given;
    }

    /// <summary>Every option but the named ones.</summary>
    /// <param name="without">Names of properties.</param>
    /// <param name="groups">As for <see cref="All"/>.</param>
    public static SortedDictionary<string, string> Without(IEnumerable<string> without, params ReadOnlySpan<object> groups)
    {
        SortedDictionary<string, string> all = All(groups);
        foreach (string name in without)
            all.Remove(Kebab(name));
        return all;
    }

    /// <summary>The named options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="names">Names of properties.</param>
    public static SortedDictionary<string, string> Only(object options, params ReadOnlySpan<string> names)
    {
        SortedDictionary<string, string> all = All(options),
            only = new(StringComparer.Ordinal);
        foreach (string name in names)
            only.Add(Kebab(name), all[Kebab(name)]);
        return only;
    }

    /// <summary>Gives options other names, such as those of the command line.</summary>
    public static void Rename(SortedDictionary<string, string> options, params ReadOnlySpan<(string From, string To)> names)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach ((string from, string to) in names)
        {
            if (options.Remove(from, out string? value))
                options[to] = value;
        }
    }

    /// <summary>Options as a model card shows them: files and folders by their last name, since a card is published.</summary>
    public static SortedDictionary<string, string> Shown(SortedDictionary<string, string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SortedDictionary<string, string> shown = new(options, StringComparer.Ordinal);
        foreach ((string name, string value) in options)
        {
            shown[name] = IsPath(value)
                ? LastName(value)
                : string.Join(Between, value.Split(Between).Select(part => IsPath(part) ? LastName(part) : part));
        }
        return shown;

        static bool IsPath(string text) => File.Exists(text) || Directory.Exists(text);

        static string LastName(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
    }

    /// <summary>A value's text.</summary>
    public static string Text(object? value) =>
        value switch
        {
            null => "",
            string text => text,
            IDictionary pairs => string.Join(
                ',',
                pairs.Keys.Cast<object>().Select(key => $"{Text(key)}={Text(pairs[key])}").Order(StringComparer.Ordinal)
            ),
            IReadOnlySet<string> set => string.Join(',', set.Order(StringComparer.Ordinal)),
            IEnumerable<int> numbers => string.Join(',', numbers),
            IEnumerable list => string.Join(Between, list.Cast<object?>().Select(Text)),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };

    private static string Kebab(string name) =>
        string.Concat(
            name.Select((letter, i) => char.IsUpper(letter) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString())
        );
}
