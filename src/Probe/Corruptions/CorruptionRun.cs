// The pass before the first row: a sample of the pool, and a corrupted copy of each of its images.

using DataFreeKD.Imaging.Corruptions;

namespace DataFreeKD.Probe.Corruptions;

/// <summary>Learns the classifier of corrupted copies for one pool.</summary>
internal static class CorruptionRun
{
    private static readonly Corruption[] Kinds = Enum.GetValues<Corruption>();

    /// <summary>Scores a sample of the images, and copies of them that are corrupted as the teacher would see them, and learns to tell the
    /// two apart. Deterministic in the images.</summary>
    /// <param name="images">Images in the sample, at most.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="inputs">The pool, with places.</param>
    /// <param name="cancel">Stops between batches.</param>
    public static (CorruptionModel Model, CorruptionFile.Trained? Trained) Learn(
        int images,
        TeacherPass teacher,
        Func<CancellationToken, IEnumerable<ScoreInput>> inputs,
        CancellationToken cancel
    )
    {
        PlaceSample<(float[] Image, (Corruption, float[]) Copy)> sample = new(images);
        IEnumerable<ScoreInput> wanted = inputs(cancel)
            .Where(input => sample.Wants(input.Place))
            .SelectMany(input =>
                new[]
                {
                    input,
                    input with
                    {
                        Image = input.Image with { },
                        Spoilt = Kinds[PlaceSample<int>.Key(input.Place) % (ulong)Kinds.Length],
                    },
                }
            );
        // Twice the batch, so that an image and its copy are never apart.
        foreach (
            (float[][] features, ScoreInput[] seen) in BatchWorkers.Run(
                teacher.Bounded(wanted),
                2 * teacher.BatchSize,
                teacher.Workers,
                teacher.CorruptionFeatures,
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            for (int at = 0; at + 1 < seen.Length; at += 2)
                sample.Add(seen[at].Place, (features[at], (seen[at + 1].Spoilt!.Value, features[at + 1])));
        }
        return CorruptionLearning.Of(
            [.. sample.Items.Select(pair => pair.Image)],
            [.. sample.Items.Select(pair => pair.Copy)],
            CorruptionFeatures.Scores(teacher.Blocks, teacher.HasHead),
            teacher.CorruptionFeatureNames,
            cancel
        );
    }
}
