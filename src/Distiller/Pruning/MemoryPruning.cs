// Pruning without files.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

internal static class MemoryPruning
{
    /// <inheritdoc cref="PruneRun.Prune(LoadedModel, IReadOnlyList{MemoryImage}, PruneSettings, IProgress{TrainProgress}, CancellationToken)"/>
    public static PrunedStudent Execute(LoadedModel loaded, IReadOnlyList<MemoryImage> images, PruneSettings options, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(images);
        options.Validate();
        torch.Device device = Devices.Of(options.Device);
        using DisposeScope scope = torch.NewDisposeScope();
        VisionTransformer teacher = loaded.Model.AsVisionTransformer("cannot be pruned in closed form");
        Prunable.Check(teacher.Config);
        teacher.MoveTo(device);
        teacher.eval();
        VitConfig? given = options.Student is { } spec ? PruneRun.Given(spec, teacher.Config) : null;
        if (given is null && teacher.Config.Classes == 0) throw new DistillException("the teacher has no classification head, so shapes cannot be compared by agreement; give the student's shape");

        (int[] fit, int[] held) = PruneRun.Draw(images.Count, options, options.HeldOut);
        int[] wanted = [.. fit, .. held];
        using PixelStore store = new(wanted.Length, loaded.Preprocessing.ImageSize, long.MaxValue);
        string?[] reasons = Fill(store, [.. wanted.Select(place => images[place])], loaded.Preprocessing, options.Workers, cancel);
        int[] usable = [.. Enumerable.Range(0, wanted.Length).Where(slot => reasons[slot] is null)];
        int[] train = [.. usable.Where(slot => slot < fit.Length)], heldOut = [.. usable.Where(slot => slot >= fit.Length)];
        Dictionary<string, long> skipped = reasons.OfType<string>().CountBy(reason => reason).ToDictionary(pair => pair.Key, pair => (long)pair.Value, StringComparer.Ordinal);
        if (train.Length < 2) throw new DistillException($"{train.Length} of {fit.Length} images could be used ({string.Join(", ", skipped.Select(pair => $"{pair.Key}: {pair.Value}"))}), and a pruning needs 2 or more");

        int batch = options.BatchSize ?? ClosedFormPruning.BatchFor(teacher.Config);
        SlotPixels pixels = new(store, teacher.Config.ImageSize, new PixelNormaliser(loaded.Preprocessing.Mean, loaded.Preprocessing.Std), device);
        HeldOutJudge? judge = heldOut.Length > 0 && teacher.Config.Classes > 0 ? new HeldOutJudge(teacher, pixels, heldOut, batch, options.TeacherAccuracy, cancel) : null;
        FitSettings settings = new() { BatchSize = batch, Method = options.Method, Penalty = options.Penalty, Seed = options.Seed, Memory = options.MaxActivationMemory };
        IReadOnlyList<FrontierPoint> frontier = [];
        if (given is null) (given, frontier) = ShapeTrials.Search(options, teacher, pixels, train, judge, settings, device, trials => new PruneRun.Counter(progress, "search").Show(trials), cancel);

        VitConfig shape = given;
        PruneRun.Counter counter = new(progress, "prune");
        using ClosedFormPruning pruning = new(teacher, pixels, train, settings, device) { AfterBatch = counter.Add };
        counter.Total = pruning.BatchesToObserve + pruning.BatchesToFit(shape);
        pruning.Observe(cancel);
        int[] blocks = options.Blocks is { } kept ? [.. kept] : BlockChoice.Of(pruning.Influence, shape.Depth);
        VisionTransformer student = pruning.Fit(shape, blocks, cancel: cancel);
        Nearness? nearness = judge?.Of(student, cancel);
        return new PrunedStudent(new LoadedModel(student, loaded.Preprocessing with { ImageSize = student.Config.ImageSize }, loaded.ClassNames, ""))
        {
            Blocks = blocks,
            Images = train.Length,
            HeldOutImages = heldOut.Length,
            Skipped = skipped,
            Agreement = nearness?.Agreement,
            Retained = nearness?.Retained,
            Frontier = frontier,
        };
    }

    private static string?[] Fill(PixelStore store, MemoryImage[] images, Preprocessing transform, int workers, CancellationToken cancel)
    {
        string?[] reasons = new string?[images.Length];
        Parallel.For(0, images.Length, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancel }, slot =>
        {
            DecodeResult decoded = images[slot].Decode();
            reasons[slot] = decoded.Reason;
            if (decoded.Image is not null) store.Write(slot, transform.Apply(decoded.Image).Pixels);
        });
        return reasons;
    }
}
