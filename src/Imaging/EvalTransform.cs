// The evaluation transform of timm: resize the short side, centre crop, normalise.

namespace DataFreeKD.Imaging;

/// <summary>How an image becomes a model's input.</summary>
public sealed record EvalTransform
{
    /// <summary>Side of the square input, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Share of the resized short side that the crop keeps; the short side becomes ⌊ImageSize / CropPct⌋. 1 keeps the whole short side.</summary>
    public double CropPct { get; init; } = 0.9;

    /// <summary>When true the image is squashed straight to ImageSize × ImageSize (Hugging Face processors); CropPct is not used.</summary>
    public bool Squash { get; init; }

    /// <summary>Filter.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bicubic;

    /// <summary>Per-channel mean, of pixels in [0, 1].</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>Per-channel standard deviation, of pixels in [0, 1].</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];

    /// <summary>Resize and crop only: <c>[ImageSize, ImageSize, 3]</c>.</summary>
    public RgbImage Apply(RgbImage image) => throw new NotImplementedException();

    /// <summary>Normalises HWC bytes into CHW floats: <c>(x/255 − mean)/std</c>. <paramref name="destination"/> holds <c>3 * size * size</c>.</summary>
    public void Normalise(RgbImage cropped, Span<float> destination) => throw new NotImplementedException();
}
