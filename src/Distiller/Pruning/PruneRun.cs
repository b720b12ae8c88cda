// Pruning from end to end: teacher and unlabelled images in, student directory out.

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Makes a smaller Vision Transformer that answers as its teacher does, in closed form: no label, no gradient, no
/// training.</summary>
public static class PruneRun
{
    /// <summary>Runs to the end. A run that is stopped goes on after its last fitted block with
    /// <see cref="PruneOptions.Resume"/>.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every few batches.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <exception cref="DistillException">Options, images or models that do not fit, in one line.</exception>
    /// <exception cref="OutputException">Another process is writing the output.</exception>
    /// <exception cref="ModelException">A model that cannot be read, or is no Vision Transformer.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    /// <exception cref="FileNotFoundException">There are no images.</exception>
    public static PruneSummary Execute(PruneOptions options, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using OutputLock owner = OutputLock.Take(options.Output, RunCommands.Prune);
        RunFolder.Check(options.Output, options.Resume, options.Overwrite);
        Stopwatch clock = Stopwatch.StartNew();
        using DisposeScope scope = torch.NewDisposeScope();
        using LoadedModel loaded = Teacher(options);
        (VisionTransformer teacher, VitConfig? given) = PruneWork.Teacher(options, loaded, options.Teacher);

        RunFolder folder = RunFolder.OpenToPrune(options.Output, options.Resume, options.Overwrite);
        IReadOnlyList<string> paths = SelectionImages.PathsOf(options.Selection, cancel);
        (string[] fit, string[] held) = options.PoolPath is { } pool
            ? FromBoth(paths, pool, options, cancel)
            : FromSelection(paths, options);
        string[] wanted = [.. fit, .. held];
        LoadedPixels images = PixelLoader.Load(wanted, loaded.Preprocessing, options.Workers, long.MaxValue, progress, cancel);
        using PixelStore store = images.Store;
        using PruneWork work = new(options, loaded, images, fit.Length, options.Selection, progress, cancel);
        Dictionary<string, string> inputs = Inputs(options, loaded.WeightsPath, cancel);
        byte[] fingerprint = Fingerprint(options, inputs, wanted.Length, images.Usable);

        IReadOnlyList<FrontierPoint> frontier = [];
        VitConfig? known = given ?? ShapeFile.ReadIfPresent(folder, fingerprint, teacher.Config, out frontier);
        if (known is null)
        {
            (known, frontier) = work.Search(cancel);
            ShapeFile.Write(folder, fingerprint, known, frontier);
        }
        VitConfig shape = known;

        int[] blocks = work.Begin(shape, cancel);
        string stateFile = Path.Combine(folder.Pruning, "state.safetensors");
        byte[] fitPrint = Checkpoint.Fingerprint($"{Convert.ToHexStringLower(fingerprint)}\n{shape.Spec}\n{string.Join(',', blocks)}");
        PruningState? start = options.Resume ? Saved(stateFile, fitPrint, Devices.Of(options.Device)) : null;
        (VisionTransformer made, Nearness? nearness) = work.Fit(shape, blocks, start, state => Save(stateFile, fitPrint, state), cancel);
        using VisionTransformer student = made;

        folder.RefuseAppeared(options.Overwrite);
        if (work.HeldOut.Length > 0)
            WriteHeldOut(Path.Combine(folder.Path, RunFolder.PrunedHeldOut), [.. work.HeldOut.Select(slot => wanted[slot])]);
        PruneSummary summary = new()
        {
            Output = folder.Path,
            Student = shape.Name,
            Blocks = blocks,
            Images = work.Train.Length,
            HeldOutImages = work.HeldOut.Length,
            Skipped = images.Skipped,
            Parameters = student.ParameterCount(),
            TeacherParameters = teacher.ParameterCount(),
            Macs = ModelSummary.Macs(shape),
            TeacherMacs = ModelSummary.Macs(teacher.Config),
            HeldOut = nearness?.Agreement,
            Estimate = nearness?.Estimate,
            Retained = nearness?.Retained,
            TeacherAccuracy = options.TeacherAccuracy,
            ResumedFrom = start?.Blocks ?? 0,
            Frontier = frontier,
            Seconds = clock.Elapsed.TotalSeconds,
        };
        Write(options, folder, student, loaded, summary, inputs);
        File.Delete(stateFile);
        return summary;
    }

    /// <summary>The same in memory: a loaded teacher and images in, a loaded student out; no file is written.</summary>
    /// <param name="teacher">The teacher: a Vision Transformer; moved to the device of the settings, else not changed.</param>
    /// <param name="images">Unlabelled images; a part is held out to measure the student on.</param>
    /// <param name="settings">How to prune; null for the defaults, which search for the knee of the frontier.</param>
    /// <param name="progress">Told every few batches.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <exception cref="DistillException">Settings, images or models that do not fit, in one line.</exception>
    /// <exception cref="ModelException">The teacher is no Vision Transformer.</exception>
    public static PrunedStudent Prune(
        LoadedModel teacher,
        IReadOnlyList<MemoryImage> images,
        PruneSettings? settings = null,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    ) => MemoryPruning.Execute(teacher, images, settings ?? new PruneSettings(), progress, cancel);

    /// <summary>Refuses a teacher that cannot be pruned, or not to the shape asked for, as <see cref="Execute"/> does, before there are
    /// images to prune it on.</summary>
    /// <exception cref="DistillException">The teacher or the shape cannot be had in closed form, or the teacher has no head.</exception>
    /// <exception cref="ModelException">A model that cannot be read, or is no Vision Transformer.</exception>
    internal static void RequirePrunable(PruneOptions options)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using LoadedModel loaded = Teacher(options);
        (VisionTransformer teacher, _) = PruneWork.Teacher(options, loaded, options.Teacher);
        if (teacher.Config.Classes == 0)
            throw new DistillException(
                $"{options.Teacher} has no classification head, so neither agreement nor accuracy can be measured; give one with a head, or run score, select and prune with a shape"
            );
    }

    private static LoadedModel Teacher(PruneOptions options)
    {
        LoadedModel own = ModelStore.Load(options.Teacher, options.TeacherHeads);
        return options.Preprocessing?.Apply(own) ?? own;
    }

    // What a distillation with this seed and share would hold out is not fitted on, so that it can go on from the student.
    // Images that are not needed for the fit are held out too.
    internal static (int[] Fit, int[] HeldOut) Draw(int images, PruneSettings options, int measured)
    {
        (int[] train, int[] held) = HoldOut.Split([.. Enumerable.Range(0, images)], options.HoldOut, options.Seed);
        int[] fit = Drawn(train, options.Images, options.Seed);
        if (options.HoldOut == 0)
            return (fit, []);
        int[] spare = [.. train.Except(fit)];
        return (fit, [.. Drawn(held, measured, options.Seed), .. Drawn(spare, Math.Max(0, measured - held.Length), options.Seed)]);
    }

    private static (string[] Fit, string[] HeldOut) FromSelection(IReadOnlyList<string> paths, PruneOptions options)
    {
        (int[] fit, int[] held) = Draw(paths.Count, options, options.HeldOut);
        return ([.. fit.Select(place => paths[place])], [.. held.Select(place => paths[place])]);
    }

    // Half from the selection, half from the rest of its pool, as far as each has images: the teacher is sure of every selected image, and
    // a student fitted on such alone is worse on others.
    private static (string[] Fit, string[] HeldOut) FromBoth(
        IReadOnlyList<string> paths,
        string pool,
        PruneOptions options,
        CancellationToken cancel
    )
    {
        HashSet<string> taken = [.. paths];
        // First, so that a small pool has some left to measure on.
        List<string> beside =
        [
            .. PoolImages.Draw(
                pool,
                Math.Min(options.HeldOut / 2, (int)(options.HoldOut * paths.Count)),
                taken,
                options.Seed,
                PoolDraw.Measure,
                cancel
            ),
        ];
        taken.UnionWith(beside);
        IReadOnlyList<string> further = PoolImages.Draw(
            pool,
            Math.Min(options.Images / 2, paths.Count),
            taken,
            options.Seed,
            PoolDraw.Fit,
            cancel
        );
        taken.UnionWith(further);
        (int[] fit, int[] held) = Draw(
            paths.Count,
            options with
            {
                Images = Math.Max(2, options.Images - further.Count),
            },
            options.HeldOut / 2
        );
        if (held.Length > beside.Count)
            beside.AddRange(PoolImages.Draw(pool, held.Length - beside.Count, taken, options.Seed, PoolDraw.MeasureFurther, cancel));
        // Mixed, since the trials of a search take the first ones.
        string[] all = [.. fit.Select(place => paths[place]), .. further];
        int[] order = new Randomness(options.Seed, Purpose.Pruning, (int)PoolDraw.Order).Choose(all.Length, all.Length);
        return ([.. order.Select(place => all[place])], [.. held.Select(place => paths[place]), .. beside]);
    }

    /// <summary>So many of the places, drawn by the seed; all where there are no more.</summary>
    internal static int[] Drawn(int[] places, int count, long seed) =>
        places.Length <= count
            ? places
            : [.. new Randomness(seed, Purpose.Pruning, 1).Choose(count, places.Length).Select(place => places[place])];

    private static Dictionary<string, string> Inputs(PruneOptions options, string weights, CancellationToken cancel)
    {
        Dictionary<string, string> inputs = new() { [weights] = Provenance.HashFile(weights, cancel) };
        if (File.Exists(options.Selection))
            inputs[options.Selection] = Provenance.HashFile(options.Selection, cancel);
        if (options.PoolPath is { } pool)
            inputs[pool] = Provenance.HashFile(pool, cancel);
        return inputs;
    }

    private static byte[] Fingerprint(PruneOptions options, Dictionary<string, string> inputs, int images, int[] usable)
    {
        // Where things lie does not decide the result; their contents do.
        IEnumerable<string> deciding = RunOptions
            .Deciding(options, nameof(PruneSettings.MaxActivationMemory))
            .Where(pair => pair.Key is not ("teacher" or "selection" or "pool-path"))
            .Select(pair => $"{pair.Key}={pair.Value}");
        return Checkpoint.Fingerprint(string.Join('\n', [.. deciding, .. inputs.Values, $"images={images}", string.Join(',', usable)]));
    }

    private static PruningState? Saved(string path, byte[] fingerprint, torch.Device device)
    {
        Dictionary<string, torch.Tensor> tensors = [];
        double[] none = [0];
        int blocks = Checkpoint.Load(path, fingerprint, none, saved =>
        {
            foreach ((string name, torch.Tensor tensor) in saved)
                tensors[name] = tensor.to(device).MoveToOuterDisposeScope();
        });
        return blocks == 0 ? null : new PruningState(blocks, tensors[BasisKey], tensors);
    }

    private const string BasisKey = "basis";

    private static void Save(string path, byte[] fingerprint, PruningState state) =>
        Checkpoint.Save(
            path,
            state.Blocks,
            fingerprint,
            [0],
            new Dictionary<string, torch.Tensor>(state.Weights) { [BasisKey] = state.Basis }
        );

    private static void WriteHeldOut(string path, IReadOnlyList<string> images)
    {
        using TableWriter table = Table.Create(path, ["path"]);
        foreach (string image in images)
            table.Write([ManifestPath.ToTable(image, path)]);
        table.Commit();
    }

    private static void Write(
        PruneOptions options,
        RunFolder folder,
        VisionTransformer student,
        LoadedModel teacher,
        PruneSummary summary,
        Dictionary<string, string> inputs
    )
    {
        new Provenance
        {
            Version = options.ToolVersion,
            Command = RunCommands.Prune,
            Options = OptionsText.All(options),
            Seed = options.Seed,
            Inputs = inputs,
            Counts = new Dictionary<string, long>(summary.Skipped.Select(pair => KeyValuePair.Create($"failed/{pair.Key}", pair.Value)))
            {
                ["train"] = summary.Images,
                ["held_out"] = summary.HeldOutImages,
            },
            Seconds = summary.Seconds,
        }.WriteBeside(Path.Combine(folder.Path, "provenance"));
        CultureInfo plain = CultureInfo.InvariantCulture;
        (string, string)[] figures =
        [
            ("parameters", summary.Parameters.ToString("N0", plain)),
            (
                "teacher",
                string.Create(
                    plain,
                    $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Teacher))} ({summary.TeacherParameters:N0} parameters)"
                )
            ),
            ("teacher's blocks kept", string.Join(", ", summary.Blocks)),
            ("images", summary.Images.ToString("N0", plain)),
            (
                "held-out agreement with the teacher",
                summary.HeldOut is { } agreement
                    ? string.Create(plain, $"{agreement:P2} of {summary.HeldOutImages} images")
                    : "not measured"
            ),
        ];
        string card = ModelCard.Write(
            Path.GetFileName(folder.Path),
            "A student pruned from its teacher in closed form, on unlabelled images, without training.",
            student.Config,
            figures,
            RunOptions.Shown(options, nameof(PruneSettings.MaxActivationMemory)),
            curves: null
        );
        ModelStore.Save(
            folder.Path,
            student,
            teacher.Preprocessing with
            {
                ImageSize = student.Config.ImageSize,
            },
            teacher.ClassNames,
            options.Naming,
            card
        );
    }
}
