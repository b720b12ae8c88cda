// Help ends with an example that can be copied.

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using DataFreeKD.Cli.Verbs;

namespace DataFreeKD.Cli;

/// <summary>The usual help, then the verb's example.</summary>
internal sealed class HelpWithExample(HelpAction inner) : SynchronousCommandLineAction
{
    private const string Chain = """
        dfkd compress photos/ --teacher teacher/ -o out/
        # or stage by stage:
        dfkd score photos/ --teacher teacher/ -o scores.csv
        dfkd select scores.csv --budget 10000 -o selected.csv
        dfkd prune teacher/ selected.csv --pool scores.csv --params 0.2 -o pruned/
        dfkd distill selected.csv --teacher teacher/ --student pruned/ --validation pruned/ -o student/
        dfkd estimate student/ --teacher teacher/
        dfkd export student/ --onnx student.onnx
        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = inner.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        string example = (command as Verb ?? (command is EngineVerb ? command.Subcommands.OfType<Verb>().First() : null))?.Example ?? Chain;
        output.WriteLine("Example:");
        foreach (string line in example.Split('\n', StringSplitOptions.TrimEntries))
            output.WriteLine($"  {line}");
        output.WriteLine();
        return code;
    }
}
