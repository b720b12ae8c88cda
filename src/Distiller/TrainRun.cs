// Supervised training from end to end: labelled images in, model directory out. For teachers and upper bounds.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>Trains a model on labelled images.</summary>
internal static class TrainRun
{
    /// <summary>Runs to the end, or to cancellation, which leaves a checkpoint to resume from.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every few steps.</param>
    /// <param name="cancel">Stops after the step in hand.</param>
    /// <exception cref="DistillException">Options, data or models that do not fit, in one line.</exception>
    /// <exception cref="OutputException">Another process is writing the output.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    public static TrainSummary Execute(
        TrainOptions options,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    ) => ExecuteOn(RankGroup.Alone, options, progress, cancel);

    /// <summary>The part of one rank; the first one alone writes, and its summary alone is whole.</summary>
    public static TrainSummary ExecuteOn(
        RankGroup ranks,
        TrainOptions options,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        options.Validate();
        using Gradients learning = Gradients.On();
        RankLimits.Check(ranks, options);
        using OutputLock? held = ranks.Writes ? OutputLock.Take(options.Output, RunCommands.Train) : null;
        if (ranks.Writes)
            RunFolder.Check(options.Output, options.Resume, options.Overwrite);
        options = options with { LearningRate = options.LearningRate ?? LoopOptions.RateFromRandom };
        torch.Device device = Devices.Of(options.Device);
        using DisposeScope scope = torch.NewDisposeScope();
        using LoadedModel? start = StudentFactory.IsModel(options.Model) ? ModelStore.Load(options.Model) : null;
        if (options.Curriculum < 1 && !Table.Fits(options.Labelled))
            throw new DistillException(
                $"{options.Labelled}: a curriculum takes images in the order of a table, easy ones first; give a table with path and label in that order, or leave the curriculum out"
            );
        LabelledImages data = LabelledImages.Read(options.Labelled, start?.ClassNames ?? [], start?.Model.Config.Classes, cancel);
        using ImageModel model = start?.Model ?? StudentFactory.Fresh(options.Model, data.ClassNames.Count, options.Seed);
        StudentFactory.Check(options, model);
        Preprocessing preprocessing = start?.Preprocessing ?? ModelRegistry.DefaultPreprocessing(options.Model);

        Dictionary<string, string> inputs = [];
        if (File.Exists(options.Labelled))
            inputs[options.Labelled] = Provenance.HashFile(options.Labelled, cancel);
        if (start is not null)
            inputs[start.WeightsPath] = Provenance.HashFile(start.WeightsPath, cancel);
        RankLimits.Compare(ranks, options, inputs);
        RunFolder folder = ranks.Writes ? RunFolder.Open(options) : RunFolder.At(options.Output);
        using RunSession session = new(
            options,
            folder,
            ranks,
            new ImageList(data.Paths),
            preprocessing,
            model.Config.ImageSize,
            options.Labelled,
            progress,
            cancel
        );
        model.MoveTo(device);
        SupervisedObjective objective = new(model, data.Labels, options.LabelSmoothing);
        LoopResult result = session.Optimise(model, objective, [], inputs, cancel);

        if (ranks.Writes)
        {
            folder.RefuseAppeared(options.Overwrite);
            session.Save(
                model,
                data.ClassNames,
                RunCommands.Train,
                Path.GetFileName(folder.Path),
                "A classifier trained on labelled images.",
                result,
                inputs,
                [("data", Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Labelled)))],
                "held-out accuracy"
            );
        }
        return new TrainSummary
        {
            Output = folder.Path,
            Steps = result.Steps,
            StoppedEarly = result.StoppedEarly,
            KeptStep = result.KeptStep,
            ResumedFrom = result.ResumedFrom,
            Images = session.Train.Length,
            HeldOutImages = session.HeldOut.Length,
            Skipped = session.Skipped,
            FinalLoss = result.FinalLoss,
            HeldOut = result.HeldOut,
            Parameters = model.ParameterCount(),
            ClassNames = data.ClassNames,
            Seconds = session.Seconds,
            ImagesPerSecond = result.ImagesPerSecond,
            Stages = result.Stages,
        };
    }
}
