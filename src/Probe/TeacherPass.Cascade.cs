// The forward pass in two parts: the first blocks over all images, the rest over those that give hope.

using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

internal sealed partial class TeacherPass
{
    /// <summary>Drops images after the first blocks; null scores all.</summary>
    public CascadeModel? Cascade { get; set; }

    /// <summary>Numbers of first blocks that a cascade may read off: a sixth, a third, a half and two thirds of the depth.</summary>
    public IReadOnlyList<int> CascadeCandidates =>
        [
            .. Enumerable
                .Range(1, 4)
                .Select(sixths => sixths * Network.Config.Depth / 6)
                .Where(blocks => blocks >= 1 && blocks < Network.Config.Depth)
                .Distinct()
                .Order(),
        ];

    /// <summary>Blocks of the teacher.</summary>
    public int Depth => Network.Config.Depth;

    /// <summary>Decodes and scores a batch, in order, with what a cascade may read off, by candidate; null of an image that cannot be
    /// decoded.</summary>
    public IReadOnlyList<(ScoredInput Image, float[][]? Features)> CascadeSample(IReadOnlyList<ScoreInput> inputs)
    {
        DecodedInput[] batch = Decoded(inputs);
        DecodedInput[] images = [.. batch.Where(image => image.Reason is null)];
        if (images.Length == 0)
            return [.. batch.Select(image => (new ScoredInput(image, null), (float[][]?)null))];
        IReadOnlyList<int> candidates = CascadeCandidates;
        var found = new Queue<(ImageScores, float[][])>(Looking(images, pixels =>
            {
                // Two passes in one would save little: the sample is small, and this is the pass that the table's rows come from.
                IReadOnlyList<ImageScores> scores = Figures(Answer(pixels), images.Length);
                float[][][] features =
                [
                    .. candidates.Select(blocks => Rows(Features(Network.RunFirst(pixels, blocks, ProbedOrFirst(blocks))), images.Length)),
                ];
                return scores.Select((figures, row) => (figures, features.Select(candidate => candidate[row]).ToArray())).ToList();
            }));
        return
        [
            .. batch.Select(image =>
            {
                if (image.Reason is not null)
                    return (new ScoredInput(image, null), (float[][]?)null);
                (ImageScores figures, float[][] features) = found.Dequeue();
                return (Finite(image, figures), (float[][]?)features);
            }),
        ];
    }

    // Null where an image was dropped.
    private IReadOnlyList<ImageScores?> Hopeful(Tensor pixels, int images, CascadeModel cascade)
    {
        VitPartial first = Network.RunFirst(pixels, cascade.Blocks, ProbedOrFirst(cascade.Blocks));
        double[] read = [.. cascade.ReadOut(Features(first).cpu()).data<double>()];
        long[] hopeful = [.. Enumerable.Range(0, images).Where(i => read[i] >= cascade.Threshold).Select(i => (long)i)];
        if (hopeful.Length == 0)
            return new ImageScores?[images];
        Tensor kept = tensor(hopeful, device: pixels.device);
        ModelOutput output = Network.RunRest(first.Select(kept), ProbedOrFirst(cascade.Blocks));
        var scores = new Queue<ImageScores>(
            Figures(
                Completed(TeacherAnswer.Of(Network, output, pixels.index_select(0, kept), Blocks, rollout: false, Views)),
                hopeful.Length
            )
        );
        return [.. Enumerable.Range(0, images).Select(i => read[i] >= cascade.Threshold ? scores.Dequeue() : null)];
    }

    private Tensor Features(VitPartial first) => CascadeFeatures.Of(first.Tokens, Network.Config.PrefixTokens, first.ClsRows, first.Blocks);

    private int[] ProbedOrFirst(int blocks) => [.. Blocks.Concat(Enumerable.Range(0, blocks)).Distinct().Order()];
}
