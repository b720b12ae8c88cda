// Options that are named in texts exist.

using System.CommandLine;
using System.Text.RegularExpressions;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Cli.Tests;

public sealed partial class OptionNamesTests
{
    private static readonly HashSet<string> Options =
    [
        .. Commands(CommandLine.Build()).SelectMany(command => command.Options).SelectMany(option => option.Aliases.Append(option.Name)),
    ];

    [Fact]
    public void Every_option_that_losses_and_presets_name_exists() =>
        Assert.All(Named(RecipeText.Catalogue()), option => Assert.Contains(option, Options));

    [Fact]
    public void Every_option_that_a_description_names_exists() =>
        Assert.All(
            Commands(CommandLine.Build())
                .SelectMany(command => command.Options.Select(option => option.Description).Append(command.Description))
                .SelectMany(text => Named(text ?? "")),
            option => Assert.Contains(option, Options)
        );

    [Fact]
    public void The_catalogue_says_what_differs_from_what_was_published()
    {
        string[] lines = RecipeText.Catalogue().Split('\n');
        foreach ((string name, RecipePreset preset) in RecipePresets.All)
        {
            int at = Array.FindIndex(lines, line => line.StartsWith($"preset:{name} ", StringComparison.Ordinal));
            Assert.Contains(preset.Source, lines[at + 1], StringComparison.Ordinal);
            if (preset.Differs.Length > 0)
                Assert.Equal("    differs: " + preset.Differs, lines[at + 2]);
        }
    }

    private static IEnumerable<string> Named(string text) => Option().Matches(text).Select(match => match.Value).Distinct();

    private static IEnumerable<Command> Commands(Command root) => [root, .. root.Subcommands.SelectMany(Commands)];

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z0-9-]*")]
    private static partial Regex Option();
}
