// The forward pass in two parts: a first look at all images, by a student or the first blocks, the rest over those that give hope.

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Probe.Teachers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

internal sealed partial class TeacherPass
{
    // A pass of the teacher takes the hopeful images of so many batches together, since a batch leaves few.
    private const int BatchesTogether = 8;

    private StudentPass? firstLook;

    /// <summary>Images that a worker takes at a time.</summary>
    public int Together => firstLook is null ? BatchSize : BatchSize * BatchesTogether;

    /// <summary>Refuses a cascade of first blocks where the teacher cannot stop behind them.</summary>
    /// <param name="why">Why it is one of first blocks, for people.</param>
    /// <exception cref="ScoreException">It is computed by ONNX Runtime, or a score follows the attention of all blocks.</exception>
    public void RequireFirstBlocks(string why)
    {
        string? reason =
            onnx is not null ? "Runtime onnx cannot stop in the middle of the teacher"
            : plan.Needs.HasFlag(ScoreNeeds.Rollout) ? "rollout scores need the attention of all blocks at once"
            : null;
        if (reason is not null)
            throw new ScoreException(
                $"{(why.Length > 0 ? why + "; " : "")}a cascade of first blocks: {reason}; leave that out, or the cascade"
            )
            {
                Options = [nameof(TeacherOptions.Runtime)],
            };
    }

    /// <summary>The loaded teacher, for a student to be pruned from.</summary>
    public LoadedModel Loaded => ((LibtorchTeacher)teacher).Loaded;

    /// <summary>SHA-256 of all that a cascade depends on: the teacher's files, how they are read, how images are seen.</summary>
    /// <param name="path">The teacher.</param>
    /// <param name="cancel">Cancels.</param>
    public string Identity(string path, CancellationToken cancel)
    {
        string text = string.Join(
            '\n',
            [
                .. ITeacherNetwork.FilesOf(path).Select(file => Provenance.HashFile(file, cancel)),
                ReadValues,
                JsonSerializer.Serialize(Transform),
                string.Join(',', Blocks),
            ]
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>What a student makes of each image that can be decoded.</summary>
    public IReadOnlyList<(long Place, float[] Features)> Glanced(IReadOnlyList<ScoreInput> inputs, StudentPass looks)
    {
        DecodedInput[] images = [.. Decoded(inputs).Where(image => image.Reason is null)];
        if (images.Length == 0)
            return [];
        IReadOnlyList<float[]> features = Looking(images, (pixels, count) => TensorRows.Of(looks.Features(pixels), count));
        return [.. images.Select((image, row) => (image.Input.Place, features[row]))];
    }

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

    /// <summary>Tokens of an image.</summary>
    public int Tokens => teacher.Tokens;

    /// <summary>Blocks of the teacher.</summary>
    public int Depth => Network.Config.Depth;

    /// <summary>Decodes and scores a batch, in order, with what a cascade may read off the first blocks, by candidate, where that is asked
    /// for; null of an image that cannot be decoded.</summary>
    public IReadOnlyList<(ScoredInput Image, float[][]? Features)> CascadeSample(IReadOnlyList<ScoreInput> inputs, bool withBlocks)
    {
        DecodedInput[] batch = Decoded(inputs);
        DecodedInput[] images = [.. batch.Where(image => image.Reason is null)];
        if (images.Length == 0)
            return [.. batch.Select(image => (new ScoredInput(image, null), (float[][]?)null))];
        IReadOnlyList<int> candidates = withBlocks ? CascadeCandidates : [];
        Queue<(ImageScores, float[][])> found = new(Looking(images, (pixels, count) =>
            {
                // Two passes in one would save little: the sample is small, and this is the pass that the table's rows come from.
                IReadOnlyList<ImageScores> scores = Figures(Answer(pixels), count);
                float[][][] features =
                [
                    .. candidates.Select(blocks => TensorRows.Of(Features(Network.RunFirst(pixels, blocks, ProbedOrFirst(blocks))), count)),
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
        VitPartial? first = null;
        double[] read;
        if (firstLook is { } looks)
        {
            read = [.. Parts(images).SelectMany(part => ReadOut(looks, pixels.narrow(0, part.From, part.Count), cascade))];
        }
        else
        {
            first = Network.RunFirst(pixels, cascade.Blocks, ProbedOrFirst(cascade.Blocks));
            read = HostReads.Doubles(cascade.ReadOut(HostReads.ToHost(Features(first))));
        }
        long[] hopeful = [.. Enumerable.Range(0, images).Where(i => cascade.Keeps(read[i])).Select(i => (long)i)];
        Queue<ImageScores> scores = new(
            Parts(hopeful.Length).SelectMany(part => ScoredFully(pixels, first, hopeful[(int)part.From..(int)(part.From + part.Count)]))
        );
        return [.. Enumerable.Range(0, images).Select(i => cascade.Keeps(read[i]) ? scores.Dequeue() : null)];
    }

    private static double[] ReadOut(StudentPass looks, Tensor pixels, CascadeModel cascade)
    {
        using DisposeScope scope = NewDisposeScope();
        return HostReads.Doubles(cascade.ReadOut(looks.Features(pixels)));
    }

    private IReadOnlyList<ImageScores> ScoredFully(Tensor pixels, VitPartial? first, long[] images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor some = Upload.To(tensor(images), pixels.device),
            kept = pixels.index_select(0, some);
        return Figures(
            first is null
                ? Answer(kept)
                : Completed(
                    TeacherAnswer.Of(
                        Network,
                        Network.RunRest(first.Select(some), ProbedOrFirst(first.Blocks)),
                        kept,
                        Blocks,
                        rollout: false,
                        Views
                    )
                ),
            images.Length
        );
    }

    // Batches of one pass each.
    private IEnumerable<(long From, long Count)> Parts(int images)
    {
        for (int from = 0; from < images; from += BatchSize)
            yield return (from, Math.Min(BatchSize, images - from));
    }

    private Tensor Features(VitPartial first) => CascadeFeatures.Of(first.Tokens, Network.Config.PrefixTokens, first.ClsRows, first.Blocks);

    private int[] ProbedOrFirst(int blocks) => [.. Blocks.Concat(Enumerable.Range(0, blocks)).Distinct().Order()];
}
