// The classifier of corrupted copies, as plain numbers.

using System.Text.Json.Serialization;
using DataFreeKD.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Corruptions;

/// <summary>
/// Log-odds that an image is one of the pool's rather than a corrupted copy: a multinomial logistic regression with one class for
/// the pool and one for each kind of corruption, its margin ln p(pool) − ln Σ p(kind) mapped to log-odds by Platt's line.
/// </summary>
/// <remarks>
/// A class of its own for each kind lets the boundary bend around the pool while each part of it stays linear, which a sample of
/// some thousand images can bear.
/// </remarks>
internal sealed record CorruptionModel
{
    /// <summary>What the numbers are made from; a model fits a teacher with the same text only.</summary>
    public required string Features { get; init; }

    /// <summary>Subtracted from the features, <c>[F]</c>.</summary>
    public required IReadOnlyList<float> Offset { get; init; }

    /// <summary>Multiplied with what is left, <c>[F]</c>.</summary>
    public required IReadOnlyList<float> Scale { get; init; }

    /// <summary>Weights by class, the pool's first, <c>[1 + K][F]</c>.</summary>
    public required IReadOnlyList<IReadOnlyList<float>> Weights { get; init; }

    /// <summary>Biases by class, <c>[1 + K]</c>.</summary>
    public required IReadOnlyList<float> Bias { get; init; }

    /// <summary>Platt's line: log-odds = Slope·margin + Shift.</summary>
    public required double Slope { get; init; }

    /// <summary>See <see cref="Slope"/>.</summary>
    public required double Shift { get; init; }

    /// <summary>How it did on kinds that it had not seen.</summary>
    public required CorruptionVerdict Verdict { get; init; }

    /// <summary>Log-odds <c>[B]</c> of features <c>[B, F]</c>, float64; 0, which favours nothing, where the classifier was no better than a
    /// single score.</summary>
    public Tensor LogOdds(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        if (!Verdict.Better)
            return zeros_like(features.select(1, 0)).MoveToOuterDisposeScope();
        Tensor scaled = (features - There(Row(Offset))) * There(Row(Scale));
        Tensor logits = scaled.matmul(There(stack(Weights.Select(Row))).t()) + There(Row(Bias));
        Tensor margin = logits.select(1, 0) - logits.narrow(1, 1, logits.shape[1] - 1).logsumexp(1);
        return (margin * Slope + Shift).MoveToOuterDisposeScope();

        Tensor Row(IReadOnlyList<float> numbers) => tensor(numbers.ToArray()).to(features.dtype);

        Tensor There(Tensor rows) => Upload.To(rows, features.device);
    }
}

/// <summary>A comparison on corruptions of kinds left out of training: mean AUROC of the pool against each.</summary>
/// <param name="Learned">The classifier's.</param>
/// <param name="Single">The best single score's.</param>
/// <param name="SingleName">Its name; empty where there was too little to learn from.</param>
/// <param name="Kinds">The classifier's by kind.</param>
/// <param name="Pool">Images of the pool that were learned from.</param>
/// <param name="Copies">Copies that were learned from.</param>
internal sealed record CorruptionVerdict(
    double Learned,
    double Single,
    string SingleName,
    IReadOnlyDictionary<string, double> Kinds,
    int Pool,
    int Copies
)
{
    /// <summary>Whether the classifier is used.</summary>
    [JsonIgnore]
    public bool Better => Learned > Single;
}
