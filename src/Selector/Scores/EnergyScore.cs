// Large logits, not only a clear winner among them (Liu et al., Energy-based out-of-distribution detection, NeurIPS 2020).

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = −energy = ln Σ exp z of the logits z.</summary>
internal sealed class EnergyScore(TableHeader header) : LogitScore(header, "energy", -1);
