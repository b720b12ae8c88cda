// dfkd completion: what a shell runs to complete dfkd's words.

using System.CommandLine;
using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Verbs;

/// <summary>A shell's completion script on stdout. The script asks dfkd itself, by System.CommandLine's <c>[suggest]</c>
/// directive.</summary>
internal sealed class CompletionVerb : Verb
{
    private static readonly Dictionary<string, string> scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = "dfkd.bash",
        ["zsh"] = "dfkd.zsh",
        ["fish"] = "dfkd.fish",
        ["pwsh"] = "dfkd.ps1",
    };

    private readonly Argument<string> shell = new("SHELL") { Description = "bash, zsh, fish or pwsh" };

    public CompletionVerb()
        : base(
            "completion",
            "Print a script that lets a shell complete verbs, options and their values.",
            "eval \"$(dfkd completion bash)\"\neval \"$(dfkd completion zsh)\"\ndfkd completion fish | source\ndfkd completion pwsh | Out-String | Invoke-Expression"
        )
    {
        shell.CompletionSources.Add([.. scripts.Keys]);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && !scripts.ContainsKey(name))
                result.AddError($"completion {name}: expected {string.Join(" or ", scripts.Keys)}");
        });
        Add(shell);
        AddOptions();
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        string name = parsed.GetRequiredValue(shell);
        using Stream resource = typeof(CompletionVerb).Assembly.GetManifestResourceStream(scripts[name])!;
        using StreamReader reader = new(resource);
        string script = reader.ReadToEnd();
        terminal.Print(new { Shell = name, Script = script }, () => script.TrimEnd());
    }
}
