// Which stages a run is about.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>What was asked for on the command line.</summary>
/// <param name="From">First stage to look at; null for the first of the file.</param>
/// <param name="Only">The one stage to look at; null for all.</param>
/// <param name="Force">Whether stages run that need not.</param>
internal sealed record RunScope(string? From = null, string? Only = null, bool Force = false)
{
    /// <summary>The stages to look at.</summary>
    /// <exception cref="UsageException">There is no such stage.</exception>
    public HashSet<string> Of(Pipeline pipeline)
    {
        if (From is not null && Only is not null)
            throw new UsageException("--from and --only exclude each other");
        string[] names = [.. pipeline.Stages.Select(stage => stage.Name)];
        foreach ((string option, string? given) in (ReadOnlySpan<(string, string?)>)[("--from", From), ("--only", Only)])
        {
            if (given is not null && !names.Contains(given))
                throw new UsageException($"{option} {given}: there is no such stage; the file has {string.Join(", ", names)}");
        }
        return Only is not null ? [Only] : [.. names.SkipWhile(name => From is not null && name != From)];
    }
}
