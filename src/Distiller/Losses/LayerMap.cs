// Which teacher block each student block learns from.

namespace DataFreeKD.Distiller.Losses;

/// <summary>A student block and the teacher block that it learns from, 0-based.</summary>
/// <param name="Student">Block of the student.</param>
/// <param name="Teacher">Block of the teacher.</param>
internal readonly record struct LayerPair(int Student, int Teacher);

/// <summary>Maps layers between models of different depth.</summary>
internal static class LayerMap
{
    /// <summary>One pair for each block of the shallower model: block i of n stands for the end of share (i+1)/n, so the last blocks always
    /// meet, and equal depths give the identity.</summary>
    /// <param name="studentDepth">Blocks of the student, above 0.</param>
    /// <param name="teacherDepth">Blocks of the teacher, above 0.</param>
    /// <param name="most">At most so many pairs, above 0: the ends of as many equal shares.</param>
    public static IReadOnlyList<LayerPair> Evenly(int studentDepth, int teacherDepth, int most = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(studentDepth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(teacherDepth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        int pairs = Math.Min(most, Math.Min(studentDepth, teacherDepth));
        return [.. Enumerable.Range(1, pairs).Select(i => new LayerPair(At(i, pairs, studentDepth), At(i, pairs, teacherDepth)))];
    }

    // round(i · depth / pairs) − 1 in integers: halves go up, so no floating point decides.
    private static int At(int i, int pairs, int depth) => (((2 * i * depth) + pairs) / (2 * pairs)) - 1;
}
