// dfkd doctor: what this machine has, and what it means.

using System.CommandLine;
using DataFreeKD.Cli.Doctor;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Verbs;

/// <summary>machine → findings on stdout.</summary>
internal sealed class DoctorVerb : Verb
{
    private const int NameWidth = 13;

    public DoctorVerb()
        : base(
            "doctor",
            "Check this machine: hardware, libraries, useful options, and a numeric self-test.",
            "dfkd doctor\ndfkd doctor --json"
        )
    {
        AddOptions();
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        TorchRuntime.Start(Environment.ProcessorCount);
        Examination found = Examination.Of(ToolVersion);
        terminal.Print(found, () => string.Join('\n', found.Findings.Select(Line)));
        if (!found.Healthy)
            throw new CheckException("the self-check failed: this machine does not compute what the models compute");
    }

    private static string Line(Finding finding) =>
        finding.Name.PadRight(NameWidth)
        + finding.Value
        + (finding.Advice is null ? "" : $"\n{new string(' ', NameWidth)}-> {finding.Advice}");
}
