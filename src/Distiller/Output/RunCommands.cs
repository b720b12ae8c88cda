// The commands that write a model directory.

namespace DataFreeKD.Distiller.Output;

/// <summary>Their names, as provenance and locks have them.</summary>
internal static class RunCommands
{
    public const string Distill = "distill";

    public const string Train = "train";

    public const string Prune = "prune";
}
