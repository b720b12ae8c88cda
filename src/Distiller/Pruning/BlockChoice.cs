// Which of the teacher's blocks a shallower student keeps.

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Keeps the blocks that turn the stream most.</summary>
internal static class BlockChoice
{
    /// <summary>The blocks kept, ascending.</summary>
    /// <param name="influence">How much each block turns the stream.</param>
    /// <param name="depth">How many are kept.</param>
    public static int[] Of(IReadOnlyList<double> influence, int depth) =>
        [.. Enumerable.Range(0, influence.Count).OrderByDescending(block => influence[block]).ThenBy(block => block).Take(depth).Order()];
}
