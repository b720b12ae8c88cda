// How a model wants its images: what its checkpoint says, what images are resized and normalised by, what an export states.

namespace DataFreeKD.Core;

/// <summary>timm's evaluation transform: resize the short side, crop the centre, normalise. It travels with the weights.</summary>
public sealed record Preprocessing
{
    /// <summary>Side of the square input, pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Share of the resized short side that the crop keeps (timm crop_pct), in (0, 1]; the short side becomes ⌊ImageSize /
    /// CropPct⌋. 1 keeps the whole short side.</summary>
    public double CropPct { get; init; } = 0.9;

    /// <summary>When true the image is squashed straight to ImageSize × ImageSize (Hugging Face ViTImageProcessor without crop); CropPct is
    /// not used.</summary>
    public bool Squash { get; init; }

    /// <summary>Filter.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bicubic;

    /// <summary>Channel mean of pixels in [0, 1].</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>Channel standard deviation of pixels in [0, 1].</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];

    /// <summary>timm's defaults for an input size without further knowledge: bicubic, ImageNet's mean and deviation, crop share 0.9 for 224
    /// pixels and the like, 1 from 384 pixels on and for small (≤ 128) inputs.</summary>
    public static Preprocessing DefaultFor(int imageSize) =>
        new() { ImageSize = imageSize, CropPct = imageSize is <= 128 or >= 384 ? 1 : 0.9 };

    /// <summary>Value equality, lists compared by their elements.</summary>
    public bool Equals(Preprocessing? other) =>
        other is not null
        && ImageSize == other.ImageSize
        && CropPct.Equals(other.CropPct)
        && Squash == other.Squash
        && Interpolation == other.Interpolation
        && Mean.SequenceEqual(other.Mean)
        && Std.SequenceEqual(other.Std);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ImageSize, CropPct, Squash, Interpolation);
}
