// The pass before the first row: a sample of the pool, and a corrupted copy of each of its images.

using DataFreeKD.Imaging.Corruptions;

namespace DataFreeKD.Probe.Corruptions;

/// <summary>Learns the classifier of corrupted copies for one pool.</summary>
internal static class CorruptionRun
{
    private static readonly Corruption[] Kinds = Enum.GetValues<Corruption>();

    /// <summary>Looks at a sample of the images and at copies of them, spoilt as the teacher would see them, and learns to tell them apart.
    /// Deterministic in the images.</summary>
    public static (CorruptionModel Model, CorruptionFile.Trained? Trained) Learn(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        CancellationToken cancel
    )
    {
        PlaceSample<(float[] Image, (Corruption, float[]) Copy)> sample = new(options.CopySample);
        IEnumerable<ScoreInput> wanted = inputs
            .Enumerate(cancel)
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
            (float[][] features, ScoreInput[] images) in BatchWorkers.Run(
                teacher.Bounded(wanted),
                2 * teacher.BatchSize,
                teacher.Workers,
                teacher.CorruptionFeatures,
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            for (int at = 0; at + 1 < images.Length; at += 2)
                sample.Add(images[at].Place, (features[at], (images[at + 1].Spoilt!.Value, features[at + 1])));
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
