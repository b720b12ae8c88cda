// dfkd losses: what a recipe of distill may be made of.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Losses and presets on stdout.</summary>
internal sealed class LossesVerb : Verb
{
    public LossesVerb()
        : base("losses", "List the losses of distill --loss, their parameters, and the presets.", "dfkd losses") => AddOptions();

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel) =>
        terminal.Print(
            new
            {
                Losses = LossCatalogue.All.Select(entry => new
                {
                    entry.Name,
                    entry.Equation,
                    entry.Source,
                    entry.Needs,
                    entry.Keys,
                }),
                Presets = RecipePresets.All,
            },
            RecipeText.Catalogue
        );
}
