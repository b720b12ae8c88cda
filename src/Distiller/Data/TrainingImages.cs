// The images of a run: decoded once, split into training and held-out ones, given out as batches.

using System.IO.Hashing;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Data;

/// <summary>Images, their split, and how they become batches. Equal options and images give equal batches, whoever asks: a training or a
/// cache.</summary>
internal sealed class TrainingImages : IDisposable
{
    private readonly BatchOptions options;
    private readonly LoadedPixels pixels;
    private readonly PixelNormaliser normaliser;

    /// <summary>Decodes the images and sets the held-out ones apart.</summary>
    /// <exception cref="DistillException">No image could be used.</exception>
    public TrainingImages(
        BatchOptions options,
        ImageList images,
        Preprocessing preprocessing,
        int side,
        string source,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        IReadOnlyList<string> paths = images.Paths;
        this.options = options;
        Device = Devices.Of(options.Device);
        Augmentation = PixelsOf.Augmentation(options, side);
        normaliser = new PixelNormaliser(preprocessing.Mean, preprocessing.Std);
        pixels = PixelLoader.Load(
            paths,
            PixelsOf.Stored(options, preprocessing, side),
            options.Workers,
            options.MaxPixelMemory,
            progress,
            cancel
        );
        if (pixels.Usable.Length == 0)
        {
            Dispose();
            throw new DistillException(
                $"{source}: none of {paths.Count} images could be used ({string.Join(", ", pixels.Skipped.Select(pair => $"{pair.Key}: {pair.Value}"))})"
            );
        }
        (Train, HeldOut) = images.Split(pixels.Usable, options.HoldOut, options.StreamSeed);
        if (Train.Length == 0)
        {
            Dispose();
            throw new DistillException($"{source}: every usable image is among the validation images, so there is none to train on");
        }
        Pixels = new SlotPixels(pixels.Store, side, normaliser, Device);
    }

    /// <summary>Where tensors live.</summary>
    public torch.Device Device { get; }

    /// <summary>What is done to a training image.</summary>
    public Augmentation Augmentation { get; }

    /// <summary>Slots trained on.</summary>
    public int[] Train { get; }

    /// <summary>Slots held out.</summary>
    public int[] HeldOut { get; }

    /// <summary>Stored pixels as the model takes them.</summary>
    public SlotPixels Pixels { get; }

    /// <summary>Images that could not be used, by reason.</summary>
    public IReadOnlyDictionary<string, long> Skipped => pixels.Skipped;

    /// <summary>The batches of the steps <paramref name="from"/> (inclusive) to <paramref name="to"/> (exclusive), or a share of
    /// each.</summary>
    public BatchLoader Batches(int from, int to, BatchShare? share = null) =>
        new(pixels.Store, Train, Augmentation, normaliser, options, Device, from, to, share);

    /// <summary>XXH128 of every usable image's slot and pixels: another image under a known path is seen.</summary>
    public string Hash()
    {
        XxHash128 hash = new();
        byte[] image = new byte[pixels.Store.ImageBytes];
        foreach (int slot in pixels.Usable)
        {
            hash.Append(BitConverter.GetBytes(slot));
            pixels.Store.Read(slot, image);
            hash.Append(image);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose() => pixels.Store.Dispose();
}
