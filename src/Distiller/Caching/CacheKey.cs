// What a cache was made with, as text, so that a training that differs anywhere is told where.

using System.Globalization;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Caching;

/// <summary>Names and values that a cache and a training must share.</summary>
internal static class CacheKey
{
    /// <summary>Name of the teacher's entry: a training without a teacher has none to compare.</summary>
    public const string Teacher = "teacher (SHA-256 of its weights)";

    /// <summary>What the options decide. Batches must be cut alike only where their images are mixed.</summary>
    public static Dictionary<string, string> OfOptions(BatchOptions options, string selectionPath, int side, CancellationToken cancel)
    {
        Augmentation augmentation = PixelsOf.Augmentation(options, side);
        Dictionary<string, string> key = new(StringComparer.Ordinal)
        {
            ["selection (SHA-256)"] = Provenance.HashFile(selectionPath, cancel),
            ["image size"] = Text(side),
            ["seed"] = options.StreamSeed.ToString(CultureInfo.InvariantCulture),
            ["hold-out"] = Text(options.HoldOut),
            ["flip"] = Text(augmentation.FlipProbability),
            ["pad-crop"] = Text(augmentation.PadCrop),
            ["crop-scale"] = Text(augmentation.Scale.Min),
            ["color-jitter"] = Text(augmentation.ColorJitter),
            ["erase"] = Text(augmentation.EraseProbability),
            ["curriculum"] = options.Curriculum < 1 ? $"{Text(options.Curriculum)} for {Text(options.CurriculumEpochs)} epochs" : "none",
            ["mixup"] = Text(options.Mixup),
            ["cutmix"] = Text(options.CutMix),
        };
        if (options.Mixup > 0 || options.CutMix > 0)
            key["batch-size"] = Text(options.BatchSize);
        return key;
    }

    /// <summary>The hash of a teacher's weights, of all of its files where they are several, and of which network in them is
    /// meant.</summary>
    public static string OfTeacher(string path, CancellationToken cancel)
    {
        IReadOnlyList<string> files = ModelStore.FilesOf(path);
        string hashes = string.Join('+', files.Select(file => Provenance.HashFile(file, cancel)));
        return hashes + path[ModelStore.PlaceOf(path).Length..];
    }

    /// <summary>What the decoded images decide.</summary>
    public static Dictionary<string, string> OfImages(TrainingImages images) =>
        new(StringComparer.Ordinal)
        {
            ["training images"] = Text(images.Train.Length),
            ["held-out images"] = Text(images.HeldOut.Length),
            ["pixels (XXH128)"] = images.Hash(),
        };

    /// <summary>Throws unless every value of <paramref name="run"/> is the cache's.</summary>
    /// <exception cref="DistillException">Names everything that differs.</exception>
    public static void Check(string path, IReadOnlyDictionary<string, string> cache, IReadOnlyDictionary<string, string> run)
    {
        string[] differences =
        [
            .. run.Where(pair => cache.GetValueOrDefault(pair.Key) != pair.Value)
                .Select(pair =>
                    $"{pair.Key} is {Short(cache.GetValueOrDefault(pair.Key) ?? "unknown")} in the cache and {Short(pair.Value)} here"
                ),
        ];
        if (differences.Length > 0)
            throw new DistillException(
                $"{path} does not fit this run: {string.Join("; ", differences)}; repeat what the cache was made with, or make another cache"
            );
    }

    private static string Short(string value) => value.Length > 16 ? value[..16] + "…" : value;

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
