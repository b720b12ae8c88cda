// A sure teacher knows the image: low entropy of its prediction.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = −entropy (nats), in [−ln C, 0].</summary>
internal sealed class EntropyScore(TableHeader header) : LogitScore(header, "entropy", -1);
