// An estimate from end to end: student, teacher and unlabelled images in, predicted accuracy out.

using System.Diagnostics;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Evaluation;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>Predicts a student's accuracy without a label: what the teacher, calibrated, expects of the student's decisions.</summary>
/// <remarks>Mean of p_T(ŷ_S(x) | x) over the images, with the teacher's logits at the one temperature (Guo et al., ICML 2017) at which its
/// mean confidence is its known accuracy.</remarks>
public static class EstimateRun
{
    /// <summary>Fewer images say too little to estimate from.</summary>
    public const int LeastImages = 30;

    // A temperature outside says that the images or the probabilities are far from what was assumed.
    private const double LeastUsualTemperature = 0.5,
        MostUsualTemperature = 2;

    /// <summary>Streams the images once through both models; keeps the teacher's logits, 4 bytes an image and class.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every batch.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="DistillException">Options, images or models that do not fit, in one line.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    public static EstimateReport Execute(
        EstimateOptions options,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        options.Validate();
        Stopwatch clock = Stopwatch.StartNew();
        torch.Device device = Devices.Of(options.Device);
        Dictionary<string, long> skipped = [];
        Judgements judged;
        string source;
        using (JudgedModel student = new(options.Student, options.Heads, options.Preprocessing, device))
        using (JudgedModel teacher = new(options.Teacher, options.TeacherHeads, null, device))
        {
            if (student.Classes != teacher.Classes)
                throw new DistillException(
                    $"{options.Student} has {student.Classes} classes and {options.Teacher} {teacher.Classes}: a teacher can only judge decisions among its own classes"
                );
            (source, IReadOnlyList<string> paths) = Images(options, progress, cancel);
            judged = Judge(paths, student, teacher, options, skipped, progress, cancel);
            if (judged.Images < LeastImages)
                throw new DistillException(
                    $"{source}: {judged.Images} of {paths.Count} images could be used{(skipped.Count > 0 ? $" ({JudgedImages.Reasons(skipped)})" : "")}, and an estimate needs {LeastImages}; give Images with more"
                )
                {
                    Options = [nameof(EstimateOptions.Images)],
                };
        }
        ExpectedAccuracy all = TeacherExpectation.Over(judged, [.. Enumerable.Range(0, judged.Images)], options.TeacherAccuracy);
        (int[] known, int[] unknown) = TeacherExpectation.Halves(judged);
        ExpectedAccuracy familiar = TeacherExpectation.Over(judged, known, options.TeacherAccuracy),
            unfamiliar = TeacherExpectation.Over(judged, unknown, options.TeacherAccuracy);
        (double low, double high) = TeacherExpectation.Span(all, familiar, unfamiliar);
        // Each part is held against what the teacher expects of itself there: it is less sure of the less familiar half.
        ExpectedAccuracy retained = Retained(judged, all, [.. Enumerable.Range(0, judged.Images)], options);
        (double least, double most) = TeacherExpectation.Span(
            retained,
            Retained(judged, familiar, known, options),
            Retained(judged, unfamiliar, unknown, options)
        );
        double agreement =
            (double)Enumerable.Range(0, judged.Images).Count(image => ClassDecision.Of(judged.LogitsOf(image)) == judged.Decisions[image])
            / judged.Images;
        return new EstimateReport
        {
            Student = options.Student,
            Teacher = options.Teacher,
            Source = source,
            HeldOut = options.Images is null,
            Images = judged.Images,
            Skipped = skipped,
            Estimate = all.Accuracy,
            Retained = retained.Accuracy,
            RetainedLow = least,
            RetainedHigh = most,
            Low = low,
            High = high,
            All = all,
            Familiar = familiar,
            Unfamiliar = unfamiliar,
            TeacherAccuracy = options.TeacherAccuracy,
            TeacherConfidence = TeacherExpectation.MeanConfidence(judged, [.. Enumerable.Range(0, judged.Images)], 1),
            Agreement = agreement,
            AgreementTimesAccuracy = agreement * options.TeacherAccuracy,
            Warnings = [.. Warnings(all, options)],
            Labelled = Check(options, all.Accuracy, low, high, progress, cancel),
            Seconds = clock.Elapsed.TotalSeconds,
        };
    }

    private static ExpectedAccuracy Retained(
        Judgements judged,
        ExpectedAccuracy expected,
        IReadOnlyList<int> images,
        EstimateOptions options
    )
    {
        return options.TeacherAccuracy is { } own
            ? expected with
            {
                Accuracy = expected.Accuracy / own,
                StandardError = expected.StandardError / own,
            }
            : TeacherExpectation.ShareOfOwn(judged, images);
    }

    private static (string Source, IReadOnlyList<string> Paths) Images(
        EstimateOptions options,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        if (options.Images is not { } given)
        {
            HeldOutSlice slice = HeldOutSlice.Of(options.Student, options.Workers, progress, cancel);
            return (slice.Selection, slice.Paths);
        }
        return (given, SelectionImages.PathsOf(given, cancel));
    }

    private static Judgements Judge(
        IReadOnlyList<string> paths,
        JudgedModel student,
        JudgedModel teacher,
        EstimateOptions options,
        Dictionary<string, long> skipped,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        Stopwatch clock = Stopwatch.StartNew();
        int classes = student.Classes;
        List<float> logits = [];
        List<int> decisions = [];
        foreach (
            JudgedImage[] batch in JudgedImages.Batches(
                paths,
                student.Transform,
                teacher.Transform,
                options.BatchSize,
                options.Workers,
                cancel
            )
        )
        {
            JudgedImage[] usable = JudgedImages.Usable(batch, skipped);
            if (usable.Length == 0)
                continue;
            float[] own = student.Logits(JudgedImages.Joined(usable, image => image.Own!), usable.Length);
            logits.AddRange(teacher.Logits(JudgedImages.Joined(usable, image => image.Other!), usable.Length));
            for (int i = 0; i < usable.Length; i++)
                decisions.Add(ClassDecision.Of(own.AsSpan(i * classes, classes)));
            progress?.Report(
                new TrainProgress
                {
                    Phase = "estimate",
                    Done = decisions.Count + skipped.Values.Sum(),
                    Total = paths.Count,
                    ImagesPerSecond = decisions.Count / clock.Elapsed.TotalSeconds,
                }
            );
        }
        return new Judgements(classes, [.. logits], [.. decisions]);
    }

    private static IEnumerable<string> Warnings(ExpectedAccuracy all, EstimateOptions options)
    {
        if (options.TeacherAccuracy is null)
            yield return "the estimate stands and falls with the calibration of the teacher's probabilities; give --teacher-accuracy where the teacher's accuracy is known";
        if (all.Temperature is < LeastUsualTemperature or > MostUsualTemperature)
            yield return FormattableString.Invariant(
                $"it took temperature {all.Temperature:G3} to bring the teacher's confidence on these images to its accuracy: they may be unlike what it was trained on, or its probabilities far from calibrated"
            );
    }

    private static LabelledCheck? Check(
        EstimateOptions options,
        double estimate,
        double low,
        double high,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        if (options.Labelled is not { } labelled)
            return null;
        EvaluationReport truth = EvaluateRun.Execute(
            new EvaluateOptions
            {
                Model = options.Student,
                Labelled = labelled,
                Heads = options.Heads,
                Preprocessing = options.Preprocessing,
                BatchSize = options.BatchSize,
                Device = options.Device,
                Workers = options.Workers,
            },
            progress,
            cancel
        );
        return new LabelledCheck
        {
            Data = labelled,
            Images = truth.Images,
            Skipped = truth.Skipped,
            Top1 = truth.Top1,
            Error = estimate - truth.Top1,
            Held = truth.Top1 >= low && truth.Top1 <= high,
        };
    }
}
