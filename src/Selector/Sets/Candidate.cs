// A ranked row on its way into the selection.

using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Sets;

/// <summary>A row that may be taken.</summary>
/// <param name="Ranked">Its score and place.</param>
/// <param name="Class">The class whose share it counts for.</param>
internal readonly record struct Candidate(RankedRow Ranked, long Class);

/// <summary>A row that is taken.</summary>
/// <param name="Ranked">Its score and place.</param>
/// <param name="Class">The class whose share it counts for.</param>
/// <param name="Group">Number of its group of near duplicates, from 1; 0 where it stands alone.</param>
/// <param name="Difficulty">The third it comes from; null where there are none.</param>
internal readonly record struct TakenRow(RankedRow Ranked, long Class, int Group, Difficulty? Difficulty);
