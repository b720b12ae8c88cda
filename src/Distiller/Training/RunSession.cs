// The common course of both kinds of run, around the loop: identity, state file, loop, model directory.

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Images, split, and how they become batches.</summary>
internal sealed class RunSession : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private LoopOptions options;
    private readonly RunFolder folder;
    private readonly RankGroup ranks;
    private readonly IProgress<TrainProgress>? progress;
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <summary>Decodes the images and sets the held-out ones apart.</summary>
    /// <exception cref="DistillException">No image could be used.</exception>
    public RunSession(
        LoopOptions options,
        RunFolder folder,
        RankGroup ranks,
        ImageList images,
        Preprocessing preprocessing,
        int side,
        string source,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        (this.options, this.folder, this.ranks, this.progress) = (options, folder, ranks, progress);
        Preprocessing = preprocessing with { ImageSize = side };
        Images = new TrainingImages(options, images, preprocessing, side, source, progress, cancel);
        Predictor = new SlotPredictor(Images.Pixels, options.BatchSize);
        if (ranks.Several)
            ranks.Compare(new Dictionary<string, string> { ["images"] = Images.Hash() });
        ranks.Begin();
    }

    /// <summary>Where tensors live.</summary>
    public torch.Device Device => Images.Device;

    /// <summary>The images and their split.</summary>
    public TrainingImages Images { get; }

    private Func<int, int, BatchLoader> Batches =>
        (from, to) => Images.Batches(from, to, Microbatches.Of(options, ranks.Reducer)?.ShareOf(options.BatchSize));

    /// <summary>Slots trained on.</summary>
    public int[] Train => Images.Train;

    /// <summary>Slots held out.</summary>
    public int[] HeldOut => Images.HeldOut;

    /// <summary>What the written model says about its images.</summary>
    public Preprocessing Preprocessing { get; }

    /// <summary>Decides on stored pixels.</summary>
    public SlotPredictor Predictor { get; }

    /// <summary>Images that could not be used, by reason.</summary>
    public IReadOnlyDictionary<string, long> Skipped => Images.Skipped;

    /// <summary>Seconds since the session began.</summary>
    public double Seconds => clock.Elapsed.TotalSeconds;

    /// <summary>Minimises the objective; the model ends with its final weights.</summary>
    /// <param name="model">The learner, on the device.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="extra">Tensors that the losses learn.</param>
    /// <param name="inputs">SHA-256 of every input file, by path.</param>
    /// <param name="cancel">Stops after the step in hand, leaving a checkpoint.</param>
    public LoopResult Optimise(
        ImageModel model,
        Objective objective,
        IEnumerable<LossParameter> extra,
        IReadOnlyDictionary<string, string> inputs,
        CancellationToken cancel
    )
    {
        if (options.Amp != MixedPrecision.Off)
            model
                .AsVisionTransformer("has no blocks for mixed precision")
                .LearnIn(options.Amp == MixedPrecision.BFloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float16);
        if (options.Tf32)
            (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) = (true, true);
        if (options.CheckpointActivations)
            model.AsVisionTransformer("has no blocks to compute again").Recomputation = new Recomputation();
        if (options.Minutes is not null)
            options = options with
            {
                Steps = StepBudget.StepsFor(options, folder, Batches, model, objective, TrainedTensor.Of(model, extra), Device),
            };
        SortedDictionary<string, string> deciding = RunOptions.Deciding(options);
        // Sums of other numbers of threads differ in their last digits, and microbatches promise the same ones anywhere.
        if (options.Microbatches is not null)
            deciding["threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture);
        string identity = string.Join(
            '\n',
            deciding
                .Select(pair => $"{pair.Key}={pair.Value}")
                .Concat(inputs.Select(pair => pair.Value))
                .Append($"images={Train.Length}+{HeldOut.Length}")
        );
        if (ranks.Writes)
            AtomicFile.WriteAllText(folder.State, JsonSerializer.Serialize(new { options = deciding, inputs }, Indented) + "\n");
        LoopParts parts = new()
        {
            Model = model,
            Objective = objective,
            Trained = TrainedTensor.Of(model, extra),
            Predictor = Predictor,
            HeldOut = HeldOut,
            TrainingImages = Train.Length,
            Folder = folder,
            Identity = identity,
            Device = Device,
            Batches = Batches,
            Ranks = ranks,
        };
        return new TrainingLoop(parts, options, progress).Run(cancel);
    }

    /// <summary>Writes the model directory: provenance first, weights last, so that weights mean a finished run.</summary>
    public void Save(
        ImageModel model,
        IReadOnlyList<string> classNames,
        string command,
        string title,
        string summary,
        LoopResult result,
        IReadOnlyDictionary<string, string> inputs,
        IEnumerable<(string Name, string Value)> facts,
        string heldOutName
    )
    {
        new Provenance
        {
            Version = options.ToolVersion,
            Command = command,
            Options = OptionsText.All(options),
            Seed = options.Seed,
            Inputs = inputs,
            Counts = new Dictionary<string, long>(Skipped.Select(pair => KeyValuePair.Create($"failed/{pair.Key}", pair.Value)))
            {
                ["train"] = Train.Length,
                ["held_out"] = HeldOut.Length,
            },
            Seconds = Seconds,
        }.WriteBeside(Path.Combine(folder.Path, "provenance"));
        string heldOut = result.HeldOut is { } score
            ? score.ToString("P2", CultureInfo.InvariantCulture) + $" of {HeldOut.Length} images"
            : "none held out";
        (string, string)[] figures =
        [
            ("parameters", model.ParameterCount().ToString("N0", CultureInfo.InvariantCulture)),
            .. facts,
            ("images", Train.Length.ToString("N0", CultureInfo.InvariantCulture)),
            ("steps", $"{result.Steps} of {options.BatchSize}"),
            (heldOutName, heldOut),
        ];
        ModelStore.Save(
            folder.Path,
            model,
            Preprocessing,
            classNames,
            options.Naming,
            modelCard: ModelCard.Write(title, summary, model.Config, figures, RunOptions.Shown(options))
        );
    }

    /// <inheritdoc/>
    public void Dispose() => Images.Dispose();
}
