// From a model's preprocessing and the options to stored pixels and training batches.

using DataFreeKD.Imaging;

namespace DataFreeKD.Distiller.Data;

internal static class PixelsOf
{
    // Above this side images are taken to be photographs to crop from, below it thumbnails to shift.
    private const int LargestSmall = 96;

    /// <summary>The augmentation of a run.</summary>
    public static Augmentation Augmentation(BatchOptions options, int side) =>
        new()
        {
            ImageSize = side,
            FlipProbability = options.Flip,
            PadCrop = options.PadCrop ?? (side <= LargestSmall ? side / 8 : 0),
            Scale = (options.CropScale ?? (side <= LargestSmall ? 1 : 0.5), 1),
            ColorJitter = options.ColorJitter,
            EraseProbability = options.Erase,
        };

    /// <summary>How images are stored: squared at the model's side, or an eighth larger where crops are taken from them.</summary>
    public static Preprocessing Stored(BatchOptions options, Preprocessing preprocessing, int side) =>
        preprocessing with
        {
            ImageSize = side > LargestSmall && (options.CropScale ?? 0.5) < 1 ? (int)Math.Ceiling(side / 0.875) : side,
            CropPct = 1,
        };
}
