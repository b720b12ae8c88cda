// The baseline of out-of-distribution detection: the highest class probability (Hendrycks and Gimpel, ICLR 2017).

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = max p, in [1/C, 1].</summary>
internal sealed class ConfidenceScore(TableHeader header) : LogitScore(header, "confidence", 1);
