// What a shell offers after dfkd.

namespace DataFreeKD.EndToEnd.Tests;

public sealed class CompletionTests
{
    /// <summary>Defines what a shell does on Tab: COMP_WORDS of the line's words, the cursor at its end.</summary>
    private const string Tab = """
        tab() {
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<< "$1"
            COMP_WORDS[0]=$DFKD
            [[ $1 != *" " ]] || COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _dfkd
            ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
        }
        """;

    [Theory]
    [InlineData("bash", "complete -o default -F _dfkd dfkd")]
    [InlineData("zsh", "#compdef dfkd")]
    [InlineData("fish", "complete -c dfkd")]
    [InlineData("pwsh", "Register-ArgumentCompleter -Native -CommandName dfkd")]
    public void Each_shell_has_a_script_that_asks_dfkd(string shell, string registers)
    {
        string script = Script(shell);

        Assert.Contains(registers, script, StringComparison.Ordinal);
        Assert.Contains("[suggest:", script, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void A_script_is_valid_where_its_shell_is_installed(string shell)
    {
        string program = Installed(shell);

        Programs
            .Run(
                program,
                shell == "zsh" ? ["-f", "-n", "-c", Script(shell)]
                    : shell == "bash" ? ["-n", "-c", Script(shell)]
                    : ["--no-execute", "-c", Script(shell)]
            )
            .Succeeds();
    }

    [Fact]
    public void An_unknown_shell_is_refused_and_the_known_ones_named()
    {
        string line = Programs.RunDfkd("completion", "tcsh").Refuses();

        Assert.Contains("completion tcsh: expected bash or zsh or fish or pwsh", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Bash_completes_verbs()
    {
        string[] verbs = Offered("dfkd ");

        Assert.Empty(((string[])["crawl", "score", "select", "pack", "distill", "evaluate", "completion"]).Except(verbs));
        Assert.DoesNotContain(verbs, verb => verb.StartsWith('-'));
        Assert.Equal(["score", "select"], Offered("dfkd s").Order());
    }

    [Fact]
    public void Bash_completes_options_of_the_verb_at_hand()
    {
        Assert.Equal(["--method"], Offered("dfkd select scores.csv --met"));
        Assert.Contains("--teacher", Offered("dfkd score --"));
        Assert.DoesNotContain("--teacher", Offered("dfkd select --"));
        // A flag takes no value, so what follows it is completed as what follows nothing.
        Assert.Equal(["--weights"], Offered("dfkd select scores.csv --keep-duplicates --wei"));
    }

    [Theory]
    [InlineData("dfkd select scores.csv --method ent", "entropy")]
    [InlineData("dfkd select scores.csv --quota ", "equal floor none teacher")]
    [InlineData("dfkd score photos --device c", "cpu cuda")]
    [InlineData("dfkd completion ", "bash fish pwsh zsh")]
    public void Bash_completes_values_that_are_enumerated(string line, string values) =>
        Assert.Equal(values.Split(' '), Offered(line).Order());

    [Theory]
    [InlineData("dfkd score ")]
    [InlineData("dfkd score photos --teacher ")]
    [InlineData("dfkd select scores.csv -o ")]
    [InlineData("dfkd select scores.csv --keep-duplicates ")]
    [InlineData("dfkd inspect tea")]
    public void Where_a_file_belongs_dfkd_offers_nothing_so_that_bash_offers_files(string line) => Assert.Empty(Offered(line));

    private static string Script(string shell) => Programs.RunDfkd("completion", shell).Succeeds().Output;

    private static string[] Offered(string line)
    {
        string session = $"DFKD='{Programs.Dfkd}'\n{Script("bash")}\n{Tab}\ntab '{line}'";
        return Programs
            .Run(Installed("bash"), "--norc", "-c", session)
            .Succeeds()
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Installed(string shell)
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, shell))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, $"{shell} is not installed");
        return program!;
    }
}
