// Distillation from end to end: selection and teacher in, student directory out.

using DataFreeKD.Distiller.Caching;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>Distils a student from a selection. No label is read.</summary>
public static class DistillRun
{
    /// <summary>Runs to the end, or to cancellation, which leaves a checkpoint to resume from.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every few steps.</param>
    /// <param name="cancel">Stops after the step in hand.</param>
    /// <exception cref="DistillException">Options, data or models that do not fit, in one line.</exception>
    /// <exception cref="OutputException">Another process is writing the output.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    /// <exception cref="TableException">A selection that cannot be read.</exception>
    public static DistillSummary Execute(
        DistillOptions options,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    ) => ExecuteOn(RankGroup.Alone, options, progress, cancel);

    /// <summary>The part of one rank; the first one alone writes, and its summary alone is whole.</summary>
    internal static DistillSummary ExecuteOn(
        RankGroup ranks,
        DistillOptions options,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        options.Validate();
        RankLimits.Check(ranks, options);
        using OutputLock? held = ranks.Writes ? OutputLock.Take(options.Output, RunCommands.Distill) : null;
        if (ranks.Writes)
            RunFolder.Check(options.Output, options.Resume, options.Overwrite);
        return options.Via.Count > 0 ? AssistantChain.Execute(options, progress, cancel) : Hop(options, [], ranks, progress, cancel);
    }

    /// <summary>What these options ask that a cache does not tell or a microbatch does not show, a line each, before anything is
    /// loaded.</summary>
    /// <exception cref="DistillException">The cache cannot be read.</exception>
    public static IReadOnlyList<string> NotesOf(DistillOptions options)
    {
        IReadOnlyList<string> notes = RankLimits.NotesOf(options);
        if (options.Cache is not { } path)
            return notes;
        using CacheFile cache = CacheFile.Open(path);
        return [.. notes, .. CacheNotes.Of(cache.Header, options.Loss ?? CacheNotes.OutputRecipe(cache.Header))];
    }

    /// <summary>From these teachers to this student, whatever <see cref="DistillOptions.Via"/> says.</summary>
    internal static DistillSummary Hop(
        DistillOptions options,
        IReadOnlyList<(string Name, string Value)> lineage,
        RankGroup ranks,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        using Gradients learning = Gradients.On();
        torch.Device device = Devices.Of(options.Device);
        using DisposeScope scope = torch.NewDisposeScope();
        using TeacherSource teacher = TeacherSource.Of(options, cancel);
        using ImageModel student = StudentFactory.For(options, teacher);
        StudentStart start = StudentStart.Of(options, student, teacher);
        options = start.Resolve(options, student, teacher);
        IReadOnlyList<LossTerm> losses = teacher.Losses(options, student.Config, device);
        SelectionImages selection = SelectionImages.Read(options.Selection, cancel);
        ValidationImages? validation = options.ValidationPath is { } path ? ValidationImages.Of(path, cancel) : null;

        Dictionary<string, string> inputs = Hashes(options, teacher.WeightsPaths, validation, cancel);
        RankLimits.Compare(ranks, options, inputs);
        RunFolder folder = ranks.Writes ? RunFolder.Open(options) : RunFolder.At(options.Output);
        using RunSession session = new(
            options,
            folder,
            ranks,
            ImageList.With(selection.Paths, validation?.Paths),
            teacher.Preprocessing,
            student.Config.ImageSize,
            options.Selection,
            progress,
            cancel
        );
        teacher.Check(session.Images);
        student.MoveTo(device);
        // The others are given what it makes.
        if (ranks.Writes)
            start.Apply(options, student, teacher, session.Images, folder, progress, cancel);
        teacher.MoveTo(device, options.ImagesAtOnce);
        DistillObjective objective = new(
            student,
            teacher,
            losses,
            Weights(selection, session, device),
            session.Predictor,
            options.TeacherPatches
        );
        LoopResult result = session.Optimise(student, objective, losses.SelectMany(loss => loss.Parameters), inputs, cancel);

        if (ranks.Writes)
            Save(options, folder, session, student, teacher, start, lineage, result, inputs);
        return new DistillSummary
        {
            Output = folder.Path,
            Start = start.Text,
            Notes = teacher.Notes(options.Recipe),
            Steps = result.Steps,
            StoppedEarly = result.StoppedEarly,
            KeptStep = result.KeptStep,
            ResumedFrom = result.ResumedFrom,
            Images = session.Train.Length,
            HeldOutImages = session.HeldOut.Length,
            Skipped = session.Skipped,
            FinalLoss = result.FinalLoss,
            HeldOut = result.HeldOut,
            Parameters = student.ParameterCount(),
            TeacherParameters = teacher.Parameters,
            Seconds = session.Seconds,
            ImagesPerSecond = result.ImagesPerSecond,
            Stages = result.Stages,
        };
    }

    private static void Save(
        DistillOptions options,
        RunFolder folder,
        RunSession session,
        ImageModel student,
        TeacherSource teacher,
        StudentStart start,
        IReadOnlyList<(string Name, string Value)> lineage,
        LoopResult result,
        Dictionary<string, string> inputs
    )
    {
        folder.RefuseAppeared(options.Overwrite);
        session.Save(
            student,
            teacher.ClassNames,
            RunCommands.Distill,
            Path.GetFileName(folder.Path),
            "A student distilled without the teacher's original data, from selected unlabelled images.",
            result,
            inputs,
            [
                .. teacher.Facts,
                .. lineage,
                ("start", start.Text),
                .. teacher.Notes(options.Recipe).Select(note => ("note", note)),
                ("selection", Path.GetFileName(options.Selection)),
            ],
            teacher.Models.Count > 1 ? "held-out agreement with the teachers' mean" : "held-out agreement with the teacher"
        );
    }

    private static Dictionary<string, string> Hashes(
        DistillOptions options,
        IReadOnlyList<string> teacherWeights,
        ValidationImages? validation,
        CancellationToken cancel
    )
    {
        Dictionary<string, string> inputs = new() { [options.Selection] = Provenance.HashFile(options.Selection, cancel) };
        if (validation?.Table is { } table)
            inputs[table] = Provenance.HashFile(table, cancel);
        foreach (string weights in teacherWeights)
            inputs[weights] = Provenance.HashFile(weights, cancel);
        if (StudentFactory.IsModel(options.Student))
        {
            using LoadedModel start = ModelStore.Load(options.Student);
            inputs[start.WeightsPath] = Provenance.HashFile(start.WeightsPath, cancel);
        }
        return inputs;
    }

    // Scaled to mean 1 over the training images, so that the loss keeps its scale; null where all are equal.
    private static torch.Tensor? Weights(SelectionImages selection, RunSession session, torch.Device device)
    {
        double mean = session.Train.Average(slot => (double)selection.Weights[slot]);
        if (mean <= 0)
            throw new DistillException($"every weight in the selection is 0: there is nothing to learn from");
        if (session.Train.All(slot => selection.Weights[slot] == selection.Weights[session.Train[0]]))
            return null;
        return torch.tensor(selection.Weights.Select(weight => (float)(weight / mean)).ToArray(), device: device);
    }
}
