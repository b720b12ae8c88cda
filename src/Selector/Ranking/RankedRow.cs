// A row as the ranking sees it: three numbers, whatever the table holds.

namespace DataFreeKD.Selector.Ranking;

/// <summary>A row with its score. Sorted best first: higher score, of equals the earlier row.</summary>
/// <param name="Score">Higher is more useful.</param>
/// <param name="Row">0-based position in the table.</param>
/// <param name="Content">Hash of its content; 0 where unknown.</param>
/// <param name="Class">Its predicted class, where the ranking needs it.</param>
internal readonly record struct RankedRow(double Score, long Row, UInt128 Content, long Class = 0)
{
    public static int BestFirst(RankedRow one, RankedRow other) =>
        one.Score != other.Score ? other.Score.CompareTo(one.Score) : one.Row.CompareTo(other.Row);

    public static int ContentThenBest(RankedRow one, RankedRow other) =>
        one.Content != other.Content ? one.Content.CompareTo(other.Content) : BestFirst(one, other);
}
