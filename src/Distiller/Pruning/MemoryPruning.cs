// Pruning without files.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

internal static class MemoryPruning
{
    /// <summary>What <see cref="PruneRun"/> does with images in memory.</summary>
    public static PrunedStudent Execute(
        LoadedModel loaded,
        IReadOnlyList<MemoryImage> images,
        PruneSettings options,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(images);
        options.Validate();
        using DisposeScope scope = torch.NewDisposeScope();
        (_, VitConfig? given) = PruneWork.Teacher(options, loaded, "the teacher");
        (int[] fit, int[] held) = PruneRun.Draw(images.Count, options, options.HeldOut);
        LoadedPixels pixels = PixelLoader.Load(
            [.. fit.Concat(held).Select(place => images[place])],
            loaded.Preprocessing,
            options.Workers,
            cancel
        );
        using PixelStore store = pixels.Store;
        using PruneWork work = new(options, loaded, pixels, fit.Length, source: null, progress, cancel);
        (VitConfig shape, IReadOnlyList<FrontierPoint> frontier) = given is null ? work.Search(cancel) : (given, []);
        int[] blocks = work.Begin(shape, cancel);
        (VisionTransformer student, Nearness? nearness) = work.Fit(shape, blocks, start: null, afterBlock: null, cancel);
        return new PrunedStudent(
            new LoadedModel(student, loaded.Preprocessing with { ImageSize = student.Config.ImageSize }, loaded.ClassNames, "")
        )
        {
            Blocks = blocks,
            Images = work.Train.Length,
            HeldOutImages = work.HeldOut.Length,
            Skipped = pixels.Skipped,
            Agreement = nearness?.Agreement,
            Retained = nearness?.Retained,
            Frontier = frontier,
        };
    }
}
