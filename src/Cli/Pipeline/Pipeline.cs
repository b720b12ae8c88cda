// Stages in their order, and where their outputs go.

namespace DataFreeKD.Cli.Pipeline;

/// <summary>A checked pipeline.</summary>
/// <param name="Stages">In the order of the file; a stage takes from earlier ones only.</param>
/// <param name="Output">Folder of the outputs and of what the run remembers, absolute.</param>
internal sealed record Pipeline(IReadOnlyList<Stage> Stages, string Output);
