// Distillation from end to end: selection and teacher in, student directory out.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
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
    /// <exception cref="RunException">Options, data or models that do not fit, in one line.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    /// <exception cref="TableException">A selection that cannot be read.</exception>
    public static DistillSummary Execute(DistillOptions options, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        torch.Device device = RunSession.DeviceOf(options.Device);
        using DisposeScope scope = torch.NewDisposeScope();
        LoadedModel loaded = ModelStore.Load(options.Teacher, options.TeacherHeads);
        using LoadedModel teacher = options.Preprocessing?.Apply(loaded) ?? loaded;
        if (teacher.Model.Config.Classes == 0) throw new RunException($"{options.Teacher} has no classification head, so it has nothing to teach by outputs; give a classifier");
        using ImageModel student = StudentFactory.For(options, teacher.Model);
        IReadOnlyList<LossTerm> losses = LossCatalogue.Build(options, new ModelPair(teacher.Model.Config, student.Config), device);
        SelectionImages selection = SelectionImages.Read(options.SelectionPath, cancel);

        RunFolder folder = RunFolder.Open(options);
        Dictionary<string, string> inputs = Hashes(options, teacher.WeightsPath, cancel);
        using RunSession session = new(options, folder, selection.Paths, teacher.Preprocessing, student.Config.ImageSize, options.SelectionPath, progress, cancel);
        teacher.Model.MoveTo(device);
        student.MoveTo(device);
        teacher.Model.eval();
        DistillObjective objective = new(student, teacher.Model, losses, Weights(selection, session, device), session.Predictor);
        LoopResult result = session.Optimise(student, objective, losses.SelectMany(loss => loss.Parameters), inputs, cancel);

        long teacherParameters = RunSession.Parameters(teacher.Model);
        session.Save(student, teacher.ClassNames, "distill", Path.GetFileName(folder.Path), "A student distilled without the teacher's original data, from selected unlabelled images.", result, inputs,
            [("teacher", $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Teacher))} ({teacherParameters:N0} parameters)"), ("selection", Path.GetFileName(options.SelectionPath))], "held-out agreement with the teacher");
        return new DistillSummary
        {
            Output = folder.Path,
            Steps = result.Steps,
            ResumedFrom = result.ResumedFrom,
            Images = session.Train.Length,
            HeldOutImages = session.HeldOut.Length,
            Skipped = session.Skipped,
            FinalLoss = result.FinalLoss,
            HeldOut = result.HeldOut,
            Parameters = RunSession.Parameters(student),
            TeacherParameters = teacherParameters,
            Seconds = session.Seconds,
            ImagesPerSecond = result.ImagesPerSecond,
        };
    }

    private static Dictionary<string, string> Hashes(DistillOptions options, string teacherWeights, CancellationToken cancel)
    {
        Dictionary<string, string> inputs = new() { [options.SelectionPath] = Provenance.HashFile(options.SelectionPath, cancel), [teacherWeights] = Provenance.HashFile(teacherWeights, cancel) };
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
        if (mean <= 0) throw new RunException($"every weight in the selection is 0: there is nothing to learn from");
        if (session.Train.All(slot => selection.Weights[slot] == selection.Weights[session.Train[0]])) return null;
        return torch.tensor(selection.Weights.Select(weight => (float)(weight / mean)).ToArray(), device: device);
    }
}
