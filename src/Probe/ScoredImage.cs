// One scored image, as a program reads it.

using DataFreeKD.Imaging;

namespace DataFreeKD.Probe;

/// <summary>The attention probe of one block: a row of the scores table's <c>probe_*</c> columns.</summary>
/// <param name="Block">The block, 0-based.</param>
/// <param name="Variance">Variance of the N patch weights, each times N; 0 for uniform attention.</param>
/// <param name="Cosine">Cosine between the weights and uniform ones, 0 to 1.</param>
public sealed record ProbeScore(int Block, double Variance, double Cosine);

/// <summary>The teacher's figures of one image. They are those of the scores table (docs/data-contracts.md).</summary>
public sealed record ScoredImage
{
    /// <summary>The image.</summary>
    public required MemoryImage Image { get; init; }

    /// <summary>Why there are no figures (<c>not_an_image</c>, <c>too_large</c>, ...); null where there are.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether there are figures.</summary>
    public bool Ok => Reason is null;

    /// <summary>Of the file's bytes, or of the pixels: lower-case hexadecimal; empty where it could not be decoded.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Pixels across; 0 where it could not be decoded.</summary>
    public required int Width { get; init; }

    /// <summary>Pixels down; 0 where it could not be decoded.</summary>
    public required int Height { get; init; }

    /// <summary>The most probable class, 0-based; null without figures or without a head.</summary>
    public int? Prediction { get; init; }

    /// <summary>Its name; empty where the teacher has no names.</summary>
    public string ClassName { get; init; } = "";

    /// <summary>Probability of the prediction, 0 to 1; null as for <see cref="Prediction"/>.</summary>
    public double? Confidence { get; init; }

    /// <summary>Entropy of the probabilities, nats; null as for <see cref="Prediction"/>.</summary>
    public double? Entropy { get; init; }

    /// <summary>−logsumexp of the logits (Liu et al. 2020): lower is more like the teacher's training data; null as for
    /// <see cref="Prediction"/>.</summary>
    public double? Energy { get; init; }

    /// <summary>Cross-entropy with the teacher's own prediction, nats; null as for <see cref="Prediction"/>.</summary>
    public double? PseudoLabelCrossEntropy { get; init; }

    /// <summary>The attention probe of each block, ascending; empty without figures, or of a teacher without attention.</summary>
    public IReadOnlyList<ProbeScore> Probes { get; init; } = [];

    /// <summary>Further scores that were asked for, by column; NaN where this teacher cannot give one. Empty without figures.</summary>
    public IReadOnlyDictionary<string, double> Extras { get; init; } = new Dictionary<string, double>();

    /// <summary>CLS after the final norm, <c>[D]</c>; empty without figures, or of a teacher that gives logits alone.</summary>
    public ReadOnlyMemory<float> Embedding { get; init; }
}
