// How near a student is to its teacher on images that neither was fitted on.

using System.Diagnostics;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Evaluation;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>How near a student is to its teacher.</summary>
/// <param name="Agreement">Share of images on which both decide alike.</param>
/// <param name="Divergence">Mean KL(teacher ‖ student), nats: what shapes are compared by, since it varies less than agreement.</param>
/// <param name="Estimate">Top-1 that the teacher expects of the student's decisions.</param>
/// <param name="Retained">The same as a share of what it expects of its own.</param>
/// <param name="ImagesPerSecond">Of the student's forward passes.</param>
internal sealed record Nearness(double Agreement, double Divergence, double Estimate, double Retained, double ImagesPerSecond);

/// <summary>Keeps the teacher's logits of the held-out images.</summary>
internal sealed class HeldOutJudge
{
    private readonly SlotPixels pixels;
    private readonly int[][] batches;
    private readonly int classes;
    private readonly float[] teacher;
    private readonly double? teacherAccuracy;

    /// <summary>Runs the teacher once.</summary>
    public HeldOutJudge(
        ImageModel teacher,
        SlotPixels pixels,
        int[] slots,
        int batchSize,
        double? teacherAccuracy,
        CancellationToken cancel
    )
    {
        (this.pixels, this.teacherAccuracy, classes) = (pixels, teacherAccuracy, teacher.Config.Classes);
        batches = [.. slots.Chunk(batchSize)];
        this.teacher = Logits(teacher, cancel).Logits;
    }

    /// <summary>Compares a student.</summary>
    public Nearness Of(ImageModel student, CancellationToken cancel)
    {
        (float[] logits, double rate) = Logits(student, cancel);
        int images = logits.Length / classes;
        int[] decisions = [.. Enumerable.Range(0, images).Select(image => ClassDecision.Of(logits.AsSpan(image * classes, classes)))];
        Judgements judged = new(classes, teacher, decisions);
        double agreement =
            (double)Enumerable.Range(0, images).Count(image => ClassDecision.Of(judged.LogitsOf(image)) == decisions[image]) / images;
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor wanted = torch.tensor(teacher, [images, classes], torch.float64).log_softmax(-1),
            given = torch.tensor(logits, [images, classes], torch.float64).log_softmax(-1);
        double divergence = (wanted.exp() * (wanted - given)).sum(-1).mean().item<double>();
        int[] every = [.. Enumerable.Range(0, images)];
        double estimate = images < 2 ? double.NaN : TeacherExpectation.Over(judged, every, teacherAccuracy).Accuracy;
        return new Nearness(
            agreement,
            divergence,
            estimate,
            estimate / (teacherAccuracy ?? TeacherExpectation.MeanConfidence(judged, every, 1)),
            rate
        );
    }

    private (float[] Logits, double ImagesPerSecond) Logits(ImageModel model, CancellationToken cancel)
    {
        List<float> logits = [];
        Stopwatch clock = new();
        foreach (int[] batch in batches)
        {
            cancel.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable inference = torch.inference_mode();
            torch.Tensor images = pixels.Of(batch);
            clock.Start();
            torch.Tensor output = model.Run(images, ModelCapture.None).Logits!.cpu();
            clock.Stop();
            logits.AddRange(output.data<float>().ToArray());
        }
        return ([.. logits], logits.Count / (double)classes / clock.Elapsed.TotalSeconds);
    }
}
