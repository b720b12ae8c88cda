// How a checkpoint wants its images: read from and written to preprocessor_config.json.

namespace DataFreeKD.Models;

/// <summary>Preprocessing that travels with the weights. Interpolation is <c>bicubic</c> or <c>bilinear</c>.</summary>
public sealed record PreprocessingConfig
{
    /// <summary>Input side, pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Crop share (timm crop_pct).</summary>
    public double CropPct { get; init; } = 0.9;

    /// <summary>Squash straight to the size (Hugging Face ViTImageProcessor without crop).</summary>
    public bool Squash { get; init; }

    /// <summary><c>bicubic</c> or <c>bilinear</c>.</summary>
    public string Interpolation { get; init; } = "bicubic";

    /// <summary>Channel mean of pixels in [0, 1].</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>Channel standard deviation.</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];

    /// <summary>timm's defaults for an input size without further knowledge: bicubic, ImageNet's mean and deviation, crop share 0.9 for 224 pixels and the like, 1 from 384 pixels on and for small (≤ 128) inputs.</summary>
    public static PreprocessingConfig DefaultFor(int imageSize) => new() { ImageSize = imageSize, CropPct = imageSize is <= 128 or >= 384 ? 1 : 0.9 };

    /// <summary>Value equality, lists compared by their elements.</summary>
    public bool Equals(PreprocessingConfig? other) =>
        other is not null && ImageSize == other.ImageSize && CropPct.Equals(other.CropPct) && Squash == other.Squash && Interpolation == other.Interpolation
        && Mean.SequenceEqual(other.Mean) && Std.SequenceEqual(other.Std);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ImageSize, CropPct, Squash, Interpolation);
}
