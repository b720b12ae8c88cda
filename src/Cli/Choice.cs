// An option whose values are the members of an enum, in lower-case with hyphens, or other things that have names.

using System.CommandLine;
using System.Text.Json;

namespace DataFreeKD.Cli;

/// <summary>Parses, lists and defaults the members of <typeparamref name="T"/>.</summary>
internal sealed class Choice<T>
    where T : notnull
{
    private readonly Dictionary<string, T> values;

    /// <summary>Offers <paramref name="offered"/>, or every member of an enum where none are named; the first is the default.</summary>
    public Choice(string name, string description, params T[] offered)
        : this(
            name,
            description,
            (IReadOnlyList<(string Name, T Member)>)
                [
                    .. (offered.Length > 0 ? offered : [.. Enum.GetValues(typeof(T)).Cast<T>()]).Select(member =>
                        (JsonNamingPolicy.KebabCaseLower.ConvertName(member.ToString()!), member)
                    ),
                ]
        )
    { }

    /// <summary>Offers members under names of their own; the first is the default.</summary>
    public Choice(string name, string description, IReadOnlyList<(string Name, T Member)> offered)
    {
        values = offered.ToDictionary(pair => pair.Name, pair => pair.Member, StringComparer.Ordinal);
        string[] names = [.. values.Keys];
        Option = new Option<string>(name)
        {
            Description = description,
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => names[0],
        };
        Option.CompletionSources.Add(names);
        Option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !values.ContainsKey(result.Tokens[0].Value))
                result.AddError($"{name} {result.Tokens[0].Value}: expected {string.Join(" or ", names)}");
        });
    }

    /// <summary>The option to add to a verb.</summary>
    public Option<string> Option { get; }

    /// <summary>The member chosen.</summary>
    public T In(ParseResult parsed) => values[parsed.GetValue(Option)!];
}
