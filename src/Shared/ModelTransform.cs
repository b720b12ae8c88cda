// From what a checkpoint says of its images to how they are resized and normalised.
// Compiled into each project that uses it: Models knows no decoder and Imaging no libtorch, so neither can hold it.

using DataFreeKD.Imaging;
using DataFreeKD.Models;

namespace DataFreeKD.Shared;

internal static class ModelTransform
{
    /// <summary>The evaluation transform of a model.</summary>
    public static EvalTransform Of(PreprocessingConfig preprocessing) => new()
    {
        ImageSize = preprocessing.ImageSize,
        CropPct = preprocessing.CropPct,
        Squash = preprocessing.Squash,
        Interpolation = preprocessing.Interpolation == "bilinear" ? Interpolation.Bilinear : Interpolation.Bicubic,
        Mean = preprocessing.Mean,
        Std = preprocessing.Std,
    };
}
