// What every verb has: a name, a description, an example, the common options, and one way to run.

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Verbs;

/// <summary>A sub-command of dfkd.</summary>
internal abstract class Verb : Command
{
    /// <summary>Version that goes into provenance and model cards.</summary>
    public static string ToolVersion { get; } =
        typeof(Verb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <param name="name">The verb.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="example">A command that can be copied; more than one on lines of their own.</param>
    protected Verb(string name, string description, string example)
        : base(name, description)
    {
        Example = example;
        SetAction(
            (parsed, cancel) =>
            {
                bool silent = CommandRanks.IsSilent(parsed);
                Terminal terminal = new(silent || parsed.GetValue(CommonOptions.Quiet), !silent && parsed.GetValue(CommonOptions.Json));
                if (parsed.GetValue(CommonOptions.Verbose))
                {
                    foreach (OptionResult option in Options.Select(parsed.GetResult).OfType<OptionResult>())
                        terminal.Note($"  {option.Option.Name} = {Shown(option)}");
                }
                CheckpointNotes.ShowIn(terminal);
                StorageOptionSet.Apply(this, parsed, within: false);
                Run(parsed, terminal, cancel);
                return Task.FromResult(ExitCode.Done);
            }
        );
    }

    /// <summary>Shown at the end of the help.</summary>
    public string Example { get; }

    /// <summary>Complains about arguments that cannot be meant, before any of their files is looked at.</summary>
    public virtual void Check(ParseResult parsed) { }

    /// <summary>Runs the verb as a stage of something larger, which shows what it says.</summary>
    public void RunWithin(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        CheckpointNotes.ShowIn(terminal);
        StorageOptionSet.Apply(this, parsed, within: true);
        Run(parsed, terminal, cancel);
    }

    /// <summary>Runs the verb; failures are exceptions.</summary>
    protected abstract void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel);

    /// <summary>Adds options, then those that all verbs share.</summary>
    protected void AddOptions(params Option[] options)
    {
        foreach (Option option in options)
            Add(option);
        Add(CommonOptions.Json);
        Add(CommonOptions.Quiet);
        Add(CommonOptions.Verbose);
    }

    private static string Shown(OptionResult result) =>
        result switch
        {
            { Implicit: true } => Convert.ToString(result.Option.GetDefaultValue(), CultureInfo.InvariantCulture) ?? "",
            { Tokens.Count: 0 } => "true",
            _ => string.Join(' ', result.Tokens.Select(token => token.Value)),
        };
}
