// The figures of an image, from what the teacher made of its batch.

using DataFreeKD.Probe.Scores;

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
    /// <summary>The figures of a batch, an image each.</summary>
    /// <param name="answer">What the teacher made of it.</param>
    /// <param name="plan">Which figures.</param>
    /// <param name="images">Images of the batch.</param>
    public static IReadOnlyList<ImageScores> Of(TeacherAnswer answer, PassPlan plan, int images)
    {
        float[][] variances = new float[plan.Blocks.Count][],
            cosines = new float[plan.Blocks.Count][];
        for (int i = 0; i < plan.Blocks.Count; i++)
        {
            variances[i] = TensorRows.Flat(AttentionProbe.Variance(answer.Probes[i]));
            cosines[i] = TensorRows.Flat(AttentionProbe.Cosine(answer.Probes[i]));
        }
        float[][]? outputs = answer.Logits is null
            ? null
            : [.. OutputScore.All.Select(score => TensorRows.Flat(score.Compute(answer.Logits)))];
        long[]? predictions = answer.Logits?.argmax(-1).cpu().data<long>().ToArray();
        float[] missing = [.. Enumerable.Repeat(float.NaN, images)];
        float[][] more =
        [
            .. plan.Extras.SelectMany(extra =>
                extra.IsComputable
                    ? extra.Score.Compute(answer).Select(TensorRows.Flat)
                    : extra.Score.Columns(plan.Blocks).Select(_ => missing)
            ),
        ];
        int width = plan.Width;
        float[]? embedding = plan.Embeddings ? TensorRows.Flat(answer.Embedding) : null;
        return
        [
            .. Enumerable
                .Range(0, images)
                .Select(row => new ImageScores(
                    predictions?[row],
                    outputs is null ? null : [.. outputs.Select(column => column[row])],
                    [.. variances.Select(column => column[row])],
                    [.. cosines.Select(column => column[row])],
                    [.. more.Select(column => column[row])],
                    embedding?[(row * width)..((row + 1) * width)]
                )),
        ];
    }
}
