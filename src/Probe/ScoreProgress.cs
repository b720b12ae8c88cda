// How far a scoring run is.

namespace DataFreeKD.Probe;

/// <summary>Progress of a scoring run.</summary>
/// <param name="Done">Rows written.</param>
/// <param name="Failed">Of them, images that could not be scored.</param>
/// <param name="ImagesPerSecond">Since the start of this process.</param>
public sealed record ScoreProgress(long Done, long Failed, double ImagesPerSecond);
