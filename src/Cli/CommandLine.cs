// The whole command line: the verbs, and what happens around each of them.

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using DataFreeKD.Cli.Output;
using DataFreeKD.Cli.Verbs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Cli;

/// <summary>Parses the arguments and runs one verb.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command and gives its exit code (<see cref="ExitCode"/>).</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        RootCommand root = Build();
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && !AsksForHelp(parsed))
        {
            string verb = NameOf(parsed.CommandResult);
            await Console.Error.WriteLineAsync(PlainText.OneLine($"error: {Problem(parsed)}; see {verb} --help"));
            return ExitCode.BadInput;
        }

        using Interruption interruption = new();
        bool quiet =
            CommandRanks.IsSilent(parsed) || (parsed.GetResult(CommonOptions.Quiet) is not null && parsed.GetValue(CommonOptions.Quiet));
        if (!quiet)
            TableNotes.Noted += static note => Console.Error.WriteLine(PlainText.OneLine($"note: {note}"));
        bool verbose = parsed.GetResult(CommonOptions.Verbose) is not null && parsed.GetValue(CommonOptions.Verbose);
        try
        {
            InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (Exception failure)
        {
            (int code, string line) = Failures.Describe(failure, interruption.Came);
            if (CommandRanks.LineOf(parsed, failure, code, line) is { } said)
                await Console.Error.WriteLineAsync(PlainText.OneLine(said));
            CommandRanks.Wait(failure, interruption.Token);
            if (verbose && code != ExitCode.Interrupted)
                await Console.Error.WriteLineAsync(PlainText.Escaped(failure.ToString()));
            return code;
        }
    }

    /// <summary>The command with all its verbs.</summary>
    public static RootCommand Build()
    {
        RootCommand root = new(
            "Compress a Vision Transformer without its training data: prune it in closed form on unlabelled images, train it where that helps, and estimate its accuracy. Start with dfkd compress; the other verbs run its stages one by one."
        )
        {
            new CompressVerb(),
            new CrawlVerb(),
            new ScoreVerb(),
            new WorkerVerb(),
            new EngineVerb(),
            new SelectVerb(),
            new PackVerb(),
            new CacheVerb(),
            new PruneVerb(),
            new DistillVerb(),
            new LossesVerb(),
            new CompareVerb(),
            new RunVerb(),
            new EvaluateVerb(),
            new EstimateVerb(),
            new TrainVerb(),
            new InspectVerb(),
            new DoctorVerb(),
            new ExportVerb(),
            new ReportVerb(),
            new ExplainVerb(),
            new ContactSheetVerb(),
            new AurocVerb(),
            new CompletionVerb(),
        };
        // A flag takes no value: else completion would wait for true or false after it, and offer nothing more.
        foreach (Option flag in AllOf(root).SelectMany(verb => verb.Options).Where(option => option.ValueType == typeof(bool)))
            flag.Arity = ArgumentArity.Zero;
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
            help.Action = new HelpWithExample((HelpAction)help.Action!);
        return root;
    }

    private static IEnumerable<Command> AllOf(Command command) => [command, .. command.Subcommands.SelectMany(AllOf)];

    // With the verbs above it.
    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult above ? $"{NameOf(above)} {command.Command.Name}" : "dfkd";

    private static bool AsksForHelp(ParseResult parsed) => parsed.Action is HelpWithExample;

    /// <summary>The first thing wrong with the arguments, in one line.</summary>
    public static string Problem(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count > 0)
            return $"'{parsed.UnmatchedTokens[0]}' is not known here";
        ParseError error = parsed.Errors[0];
        // The library's text names a .NET type. Every option that can fail to parse here is a number.
        if (
            error.SymbolResult is OptionResult { Tokens.Count: > 0 } option
            && error.Message.Contains("as expected type", StringComparison.Ordinal)
        )
            return $"{option.Option.Name} {option.Tokens[0].Value}: expected a number";
        return PlainText.OneLine(error.Message).TrimEnd('.');
    }
}
