// One stage of a pipeline, checked and ready to run.

using System.CommandLine;
using DataFreeKD.Cli.Verbs;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Something that a stage reads.</summary>
/// <param name="Key">Which argument or option, with its number where there are several values.</param>
/// <param name="Path">Absolute path, or a glob.</param>
/// <param name="Maker">The earlier stage that makes it; null for a file of the user's.</param>
internal sealed record StageInput(string Key, string Path, string? Maker);

/// <summary>One command line of the pipeline.</summary>
internal sealed record Stage
{
    /// <summary>Its name in the file.</summary>
    public required string Name { get; init; }

    /// <summary>Where the file has it: <c>file:line:column</c>.</summary>
    public required string Where { get; init; }

    /// <summary>What the pipeline knows of its verb.</summary>
    public required StageKind Kind { get; init; }

    /// <summary>The verb, of the command tree.</summary>
    public required Verb Verb { get; init; }

    /// <summary>Every argument, but for what the run itself decides.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>What decides the result, by key, as the file writes it: the same text means the same command.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>What it reads.</summary>
    public required IReadOnlyList<StageInput> Inputs { get; init; }

    /// <summary>What it writes, absolute; the first is its main output.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>The earlier stages that it takes something from.</summary>
    public IEnumerable<string> Makers => Inputs.Select(input => input.Maker).OfType<string>().Distinct();

    /// <summary>What stands for an output where others read it, and tells whether it has changed.</summary>
    public string Proof => Kind.Makes == Product.Images ? Path.Combine(Outputs[0], "manifest.csv") : Outputs[0];

    /// <summary>Every output as it is compared.</summary>
    public IEnumerable<string> Proofs => Outputs.Skip(1).Prepend(Proof);

    /// <summary>Whether the verb can go on from an interrupted run.</summary>
    public bool Resumes => Has(CommonOptions.Resume);

    /// <summary>Whether the verb replaces an output when told to.</summary>
    public bool Overwrites => Has(CommonOptions.Overwrite);

    /// <summary>The command, with <paramref name="more"/>.</summary>
    public ParseResult Parse(RootCommand root, params string[] more) => root.Parse([Kind.Verb, .. more, .. Arguments]);

    private bool Has(Option option) => Verb.Options.Contains(option);
}
