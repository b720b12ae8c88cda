// From a sample that was scored fully to a cascade, and what it loses on images that it was not learned from.

using DataFreeKD.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Cascade;

/// <summary>Least squares, a choice and a measurement, on three parts of a sample: every other image, and each half of the rest.</summary>
internal static class CascadeLearning
{
    // Of the features' own variance: keeps the many dimensions of wide teachers from fitting the sample's noise.
    private const double Ridge = 0.01;

    // Images of the part where the threshold is chosen that tell how the read-out scatters.
    private const int UpperPart = 200;

    // What is asked for on the sample, so that the pool keeps what is wanted though the sample is small.
    private const double Aim = CascadeOptions.WantedRecall + 0.005;

    // A cascade that saves less is not worth its losses.
    private const double WorthIt = 0.95;

    /// <summary>Chooses the first look, and the share to keep unless it is given.</summary>
    /// <param name="candidates">First looks at the sample, the cheapest first.</param>
    /// <param name="scores">What the images will be selected by, from a full pass.</param>
    /// <param name="pool">Images of the pool.</param>
    /// <param name="options">Budget and share to keep.</param>
    public static CascadeModel Of(IReadOnlyList<CascadeCandidate> candidates, double[] scores, long pool, CascadeOptions options)
    {
        int[] all = [.. Enumerable.Range(0, scores.Length)];
        int[] learned = [.. all.Where(i => i % 2 == 0)],
            choosing = [.. all.Where(i => i % 4 == 1)],
            heldOut = [.. all.Where(i => i % 4 == 3)];
        double share = Math.Min(1, (double)options.Budget / Math.Max(1, pool));
        if (heldOut.Length == 0 || share >= 1)
            return None(heldOut.Length, pool, options);

        (CascadeModel Model, double Cost, bool Enough, double Recall)? best = null;
        foreach (CascadeCandidate candidate in candidates)
        {
            (double[] offset, double[] weights) = Fit(candidate, learned, scores);
            double[] read = ReadOut(candidate, choosing, offset, weights);
            double[] descending = [.. read.OrderDescending()];
            double[] ofBest = OfTheBest(read, [.. choosing.Select(i => scores[i])], scores, share);
            double threshold = options.Keep is { } keep
                ? descending[Math.Clamp((int)Math.Ceiling(keep * read.Length), 1, read.Length) - 1]
                : ofBest[(int)((1 - Aim) * ofBest.Length)];
            double kept = (double)read.Count(value => value >= threshold) / read.Length,
                recall = (double)ofBest.Count(value => value >= threshold) / ofBest.Length;
            double cost = candidate.Cost(kept);
            CascadeModel model = new()
            {
                Blocks = candidate.Blocks,
                Offset = offset,
                Weights = weights,
                Threshold = threshold,
                Verdict = Measured(candidate, heldOut, scores, offset, weights, threshold, share, pool, options),
            };
            bool enough = recall >= CascadeOptions.WantedRecall;
            // Recall first, as far as it is wanted; then what is cheaper.
            if (
                best is not { } before
                || (enough, enough ? -cost : recall).CompareTo((before.Enough, before.Enough ? -before.Cost : before.Recall)) > 0
            )
                best = (model, cost, enough, recall);
        }
        return best is { } found && (options.Keep is not null || found.Cost < WorthIt) ? found.Model : None(heldOut.Length, pool, options);
    }

    private static CascadeModel None(int heldOut, long pool, CascadeOptions options) =>
        new() { Blocks = 0, Verdict = new CascadeVerdict(0, 1, 0, 0, heldOut, 1, pool, options.Budget, options.Ranking.Name) };

    private static CascadeVerdict Measured(
        CascadeCandidate candidate,
        int[] images,
        double[] scores,
        double[] offset,
        double[] weights,
        double threshold,
        double share,
        long pool,
        CascadeOptions options
    )
    {
        double[] read = ReadOut(candidate, images, offset, weights);
        bool[] top = Best([.. images.Select(i => scores[i])], share);
        double kept = (double)read.Count(value => value >= threshold) / read.Length;
        int found = read.Where((value, i) => top[i] && value >= threshold).Count();
        return new CascadeVerdict(
            candidate.Blocks,
            kept,
            found,
            top.Count(one => one),
            images.Length,
            candidate.Cost(kept),
            pool,
            options.Budget,
            options.Ranking.Name
        );
    }

    // Which rows are among the best share of them; the earlier of equal ones, as in a selection.
    private static bool[] Best(double[] scores, double share)
    {
        bool[] top = new bool[scores.Length];
        foreach (int i in Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Take(BestCount(scores.Length, share)))
            top[i] = true;
        return top;
    }

    private static int BestCount(int images, double share) => Math.Clamp((int)Math.Round(share * images), 1, images);

    // What the read-out gives of the best share, ascending. The best that it was not learned from are too few to tell how low it goes (15
    // of 1,000 for 1.5 %), so a line through the upper part of the scores tells what it gives on average and how far around that: every
    // best score of the sample is taken with every one of these distances.
    private static double[] OfTheBest(double[] read, double[] scores, double[] all, double share)
    {
        int[] upper =
        [
            .. Enumerable
                .Range(0, scores.Length)
                .OrderByDescending(i => scores[i])
                .Take(Math.Max(BestCount(scores.Length, share), UpperPart)),
        ];
        double middle = upper.Average(i => scores[i]),
            level = upper.Average(i => read[i]);
        double variance = upper.Sum(i => (scores[i] - middle) * (scores[i] - middle));
        double slope = variance > 0 ? Math.Max(0, upper.Sum(i => (scores[i] - middle) * (read[i] - level)) / variance) : 0;
        double[] best = [.. all.OrderDescending().Take(BestCount(all.Length, share))];
        double[] values = [.. best.SelectMany(score => upper.Select(i => read[i] + (slope * (score - scores[i]))))];
        Array.Sort(values);
        return values;
    }

    private static (double[] Offset, double[] Weights) Fit(CascadeCandidate candidate, int[] images, double[] scores)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor x = Matrix(candidate, images),
            y = tensor(images.Select(i => scores[i]).ToArray());
        Tensor offset = x.mean([0]),
            spread = x.std(0, unbiased: false) + 1e-6;
        x = (x - offset) / spread;
        y -= y.mean();
        Tensor gram = x.t().matmul(x) + (eye(x.shape[1], dtype: ScalarType.Float64) * (Ridge * images.Length));
        Tensor weights = linalg.solve(gram, x.t().matmul(y)) / spread;
        return (HostReads.Doubles(offset), HostReads.Doubles(weights));
    }

    private static double[] ReadOut(CascadeCandidate candidate, int[] images, double[] offset, double[] weights)
    {
        using DisposeScope scope = NewDisposeScope();
        return HostReads.Doubles((Matrix(candidate, images) - tensor(offset)).matmul(tensor(weights)));
    }

    private static Tensor Matrix(CascadeCandidate candidate, int[] images)
    {
        int width = candidate.Features[images[0]].Length;
        double[] all = new double[images.Length * width];
        for (int row = 0; row < images.Length; row++)
        {
            float[] from = candidate.Features[images[row]];
            for (int at = 0; at < width; at++)
                all[(row * width) + at] = from[at];
        }
        return tensor(all, [images.Length, width]);
    }
}
