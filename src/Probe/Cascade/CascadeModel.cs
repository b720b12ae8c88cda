// Which images a cascade drops, as plain numbers.

using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Cascade;

/// <summary>A linear read-out from a first look at an image to the score that images will be selected by, and the value below which an
/// image is dropped.</summary>
internal sealed record CascadeModel
{
    /// <summary>Blocks of the teacher that every image goes through; 0 where a student looks first, or nothing is dropped.</summary>
    public required int Blocks { get; init; }

    /// <summary>Subtracted from the features, <c>[F]</c>.</summary>
    public IReadOnlyList<double> Offset { get; init; } = [];

    /// <summary>Multiplied with what is left, <c>[F]</c>: the read-out's weights over the features' spread.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];

    /// <summary>An image whose read-out is below is dropped.</summary>
    public double Threshold { get; init; }

    /// <summary>SHA-256 of the teacher that it was learned from, with how that sees images.</summary>
    public string Teacher { get; init; } = "";

    /// <summary>How it did.</summary>
    public required CascadeVerdict Verdict { get; init; }

    /// <summary>Whether any image may be dropped; where no first look pays, none is.</summary>
    [JsonIgnore]
    public bool Drops => Weights.Count > 0;

    /// <summary>The read-out <c>[B]</c> of features <c>[B, F]</c>, float64; its constant is part of the threshold.</summary>
    public Tensor ReadOut(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        return (features - tensor(Offset.ToArray())).matmul(tensor(Weights.ToArray())).MoveToOuterDisposeScope();
    }

    /// <summary>Whether an image is scored fully. One whose read-out is no number is: the teacher has the last word.</summary>
    public bool Keeps(double read) => !(read < Threshold);
}

/// <summary>What a cascade loses and saves, on images that it was not learned from.</summary>
/// <param name="Blocks">Blocks of the teacher that every image goes through; 0 for none.</param>
/// <param name="Kept">Share of the images that are scored fully.</param>
/// <param name="Found">Of the <paramref name="Best"/>, those that are.</param>
/// <param name="Best">Images of the held-out sample that would be selected: the same share of it as the budget is of the pool.</param>
/// <param name="HeldOut">Images held out.</param>
/// <param name="Cost">Work of first look and full passes, as a share of full passes for all images.</param>
/// <param name="Pool">Images of the pool, those that cannot be decoded among them.</param>
/// <param name="Budget">Images that will be selected.</param>
/// <param name="Method">By which selection method.</param>
internal sealed record CascadeVerdict(
    int Blocks,
    double Kept,
    int Found,
    int Best,
    int HeldOut,
    double Cost,
    long Pool,
    long Budget,
    string Method
)
{
    /// <summary>The shape of the student that looks at every image first; null where none does.</summary>
    public string? Student { get; init; }

    /// <summary>Its multiply-accumulates, as a share of the teacher's; 0 where there is none.</summary>
    public double StudentShare { get; init; }

    /// <summary>Images that it was pruned on.</summary>
    public int PrunedOn { get; init; }

    /// <summary>Why a student that was asked for could not be had; null where it could, or none was asked for.</summary>
    public string? NoStudent { get; init; }

    /// <summary>Share of the best that are scored fully.</summary>
    [JsonIgnore]
    public double Recall => Best == 0 ? double.NaN : (double)Found / Best;
}
