// The figures of an image, from what the teacher made of its batch.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>The figures of one image; logit scores are null, and extra ones that need a head NaN, for a teacher without a head.</summary>
internal sealed record ImageScores(
    long? Prediction,
    float[]? Outputs,
    float[] Variances,
    float[] Cosines,
    float[] Extras,
    float[]? Embedding
)
{
    /// <summary>The figures of a batch, an image each, which come from the device in one copy.</summary>
    /// <param name="answer">What the teacher made of it.</param>
    /// <param name="plan">Which figures.</param>
    /// <param name="images">Images of the batch.</param>
    public static IReadOnlyList<ImageScores> Of(TeacherAnswer answer, PassPlan plan, int images)
    {
        int blocks = plan.Blocks.Count,
            outputs = answer.Logits is null ? 0 : OutputScore.All.Count;
        List<Tensor> columns =
        [
            .. answer.Probes.Take(blocks).Select(AttentionProbe.Variance),
            .. answer.Probes.Take(blocks).Select(AttentionProbe.Cosine),
        ];
        if (answer.Logits is { } logits)
        {
            columns.AddRange(OutputScore.All.Select(score => score.Compute(logits)));
            // The number of a class is exact in single precision up to 2^24.
            columns.Add(logits.argmax(-1));
        }
        // The column of each extra figure; negative where this teacher cannot have it.
        List<int> places = [];
        foreach ((ExtraScore score, bool computable) in plan.Extras)
        {
            if (!computable)
            {
                places.AddRange(score.Columns(plan.Blocks).Select(_ => -1));
                continue;
            }
            foreach (Tensor column in score.Compute(answer))
            {
                places.Add(columns.Count);
                columns.Add(column);
            }
        }
        int width = plan.Embeddings ? plan.Width : 0,
            all = columns.Count + width;
        float[] read = Read(columns, plan.Embeddings ? answer.Embedding : null, answer.Embedding.device, images);
        return
        [
            .. Enumerable
                .Range(0, images)
                .Select(image =>
                {
                    float[] row = read[(image * all)..((image + 1) * all)];
                    return new ImageScores(
                        answer.Logits is null ? null : (long)row[(2 * blocks) + outputs],
                        answer.Logits is null ? null : row[(2 * blocks)..((2 * blocks) + outputs)],
                        row[..blocks],
                        row[blocks..(2 * blocks)],
                        [.. places.Select(place => place < 0 ? float.NaN : row[place])],
                        plan.Embeddings ? row[columns.Count..] : null
                    );
                }),
        ];
    }

    // Image by image, its columns and then its embedding.
    private static float[] Read(IReadOnlyList<Tensor> columns, Tensor? embedding, Device device, int images)
    {
        List<Tensor> parts = [];
        if (columns.Count > 0)
            parts.Add(stack(columns.Select(column => column.to(ScalarType.Float32).to(device).reshape(-1).narrow(0, 0, images)), 1));
        if (embedding is not null)
            parts.Add(embedding.to(ScalarType.Float32));
        return parts.Count == 0 ? [] : HostReads.Floats(cat(parts, 1));
    }
}
