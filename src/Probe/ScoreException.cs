// Input that cannot be scored.

namespace DataFreeKD.Probe;

/// <summary>Input that cannot be scored; the message says what, where and how to mend it.</summary>
public sealed class ScoreException(string message) : DataFreeKDException(message);
