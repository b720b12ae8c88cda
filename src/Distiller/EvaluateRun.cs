// Evaluation from end to end: model and labelled images in, report out.

using System.Diagnostics;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Evaluation;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>Measures a model on labelled images, alone or against a second one.</summary>
public static class EvaluateRun
{
    /// <summary>Streams the data once; memory does not grow with it.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every batch.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="DistillException">Options, data or models that do not fit, in one line.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    public static EvaluationReport Execute(
        EvaluateOptions options,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        options.Validate();
        torch.Device device = Devices.Of(options.Device);
        using JudgedModel model = new(options.Model, options.Heads, options.Preprocessing, device, options.Logits);
        using JudgedModel? against = options.Against is null
            ? null
            : new JudgedModel(options.Against, options.AgainstHeads, options.AgainstPreprocessing, device);
        if (against is not null && against.Classes != model.Classes)
            throw new DistillException(
                $"{options.Model} has {model.Classes} classes and {options.Against} {against.Classes}; they cannot be compared"
            );
        LabelledImages data = LabelledImages.Read(
            options.Labelled,
            model.ClassNames.Count > 0 ? model.ClassNames : against?.ClassNames ?? [],
            model.Classes,
            cancel
        );
        int total = Math.Min(options.Limit ?? int.MaxValue, data.Paths.Count);
        IEnumerable<JudgedImage[]> batches = JudgedImages.Batches(
            data.Paths.Take(total),
            model.Transform,
            against?.Transform,
            options.BatchSize,
            options.Workers,
            cancel
        );
        return Judged(
            new Names(options.Model, options.Against, options.Labelled),
            batches,
            data.Labels,
            data.ClassNames,
            total,
            warm: total <= options.BatchSize,
            model,
            against,
            progress
        );
    }

    /// <summary>Measures a loaded model on labelled images in memory, alone or against a second one.</summary>
    /// <param name="model">A classifier; stays the caller's.</param>
    /// <param name="images">Images with their classes.</param>
    /// <param name="against">A second model to compare with, usually the teacher; stays the caller's.</param>
    /// <param name="batchSize">Images a forward pass, above 0.</param>
    /// <param name="device">Where to compute; the models are moved there.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="DistillException">A model without a head, a label that the model does not have, other classes of the second model,
    /// or no image that can be used.</exception>
    public static EvaluationReport Evaluate(
        LoadedModel model,
        IReadOnlyList<LabelledImage> images,
        LoadedModel? against = null,
        int batchSize = 128,
        string device = "cpu",
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        torch.Device place = Devices.Of(device);
        Names names = new("the model", against is null ? null : "the second model", "the images");
        using JudgedModel judged = new(model, names.Model, place);
        using JudgedModel? other = against is null ? null : new JudgedModel(against, names.Against!, place);
        if (other is not null && other.Classes != judged.Classes)
            throw new DistillException(
                $"the model has {judged.Classes} classes and the second one {other.Classes}; they cannot be compared"
            );
        if (images.FirstOrDefault(image => image.Label < 0 || image.Label >= judged.Classes) is { } wrong)
            throw new DistillException(
                $"{wrong.Image.Name} has the label {wrong.Label}, and the model has the classes 0 to {judged.Classes - 1}"
            );
        IReadOnlyList<string> classes =
            model.ClassNames.Count > 0
                ? model.ClassNames
                :
                [
                    .. Enumerable
                        .Range(0, judged.Classes)
                        .Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                ];
        IEnumerable<JudgedImage[]> batches = JudgedImages.Batches(
            images.Select(image => image.Image),
            judged.Transform,
            other?.Transform,
            batchSize,
            Environment.ProcessorCount,
            cancel
        );
        return Judged(
            names,
            batches,
            [.. images.Select(image => image.Label)],
            classes,
            images.Count,
            warm: images.Count <= batchSize,
            judged,
            other,
            progress: null
        );
    }

    private static EvaluationReport Judged(
        Names names,
        IEnumerable<JudgedImage[]> batches,
        IReadOnlyList<int> labels,
        IReadOnlyList<string> classNames,
        int total,
        bool warm,
        JudgedModel model,
        JudgedModel? against,
        IProgress<TrainProgress>? progress
    )
    {
        Stopwatch clock = Stopwatch.StartNew();
        Dictionary<string, long> skipped = [];
        Pair sums = new();
        foreach (JudgedImage[] batch in batches)
        {
            JudgedImage[] usable = JudgedImages.Usable(batch, skipped);
            if (usable.Length > 0)
                Judge(usable, labels, model, against, sums, warm);
            warm = true;
            progress?.Report(
                new TrainProgress
                {
                    Phase = "evaluate",
                    Done = model.Tally.Images + skipped.Values.Sum(),
                    Total = total,
                    ImagesPerSecond = model.Tally.Images / clock.Elapsed.TotalSeconds,
                }
            );
        }
        if (model.Tally.Images == 0)
            throw new DistillException($"{names.Data}: none of {total} images could be used ({JudgedImages.Reasons(skipped)})");
        return Report(names, classNames, model, against, sums, skipped, clock.Elapsed.TotalSeconds);
    }

    // What messages and the report call them.
    private sealed record Names(string Model, string? Against, string Data);

    private sealed class Pair
    {
        public long Alike { get; set; }

        public double Divergence { get; set; }
    }

    private static void Judge(JudgedImage[] batch, IReadOnlyList<int> labels, JudgedModel model, JudgedModel? against, Pair sums, bool warm)
    {
        float[] own = model.Judge(JudgedImages.Joined(batch, image => image.Own!), batch.Length, warm);
        float[]? other = against?.Judge(JudgedImages.Joined(batch, image => image.Other!), batch.Length, warm);
        int classes = model.Classes;
        for (int i = 0; i < batch.Length; i++)
        {
            ReadOnlySpan<float> p = own.AsSpan(i * classes, classes);
            int label = labels[batch[i].Place],
                decision = model.Tally.Add(p, label);
            if (other is null)
                continue;
            ReadOnlySpan<float> q = other.AsSpan(i * classes, classes);
            if (against!.Tally.Add(q, label) == decision)
                sums.Alike++;
            for (int c = 0; c < classes; c++)
                sums.Divergence += Math.Exp(q[c]) * ((double)q[c] - p[c]);
        }
    }

    private static EvaluationReport Report(
        Names names,
        IReadOnlyList<string> classNames,
        JudgedModel model,
        JudgedModel? against,
        Pair sums,
        Dictionary<string, long> skipped,
        double seconds
    )
    {
        ClassAccuracy[] classes =
        [
            .. Enumerable
                .Range(0, model.Classes)
                .Select(c => new ClassAccuracy(classNames[c], model.Tally.Confusion[c].Sum(), model.Tally.Accuracy(c))),
        ];
        return new EvaluationReport
        {
            Model = names.Model,
            Data = names.Data,
            Images = model.Tally.Images,
            Skipped = skipped,
            Top1 = model.Tally.Top1,
            Top5 = model.Tally.Top5,
            BalancedTop1 = classes.Where(row => row.Images > 0).Average(row => row.Accuracy),
            NegativeLogLikelihood = model.Tally.NegativeLogLikelihood,
            MeanConfidence = model.Tally.MeanConfidence,
            CalibrationError = model.Tally.CalibrationError,
            Classes = classes,
            Confusion = model.Tally.Confusion,
            Parameters = model.Parameters,
            Macs = model.Macs,
            ImagesPerSecond = model.ImagesPerSecond,
            Seconds = seconds,
            Against = against is null
                ? null
                : new ComparisonReport
                {
                    Model = names.Against!,
                    Top1 = against.Tally.Top1,
                    Agreement = (double)sums.Alike / model.Tally.Images,
                    Divergence = sums.Divergence / model.Tally.Images,
                    Parameters = against.Parameters,
                    Macs = against.Macs,
                    ImagesPerSecond = against.ImagesPerSecond,
                },
        };
    }
}
