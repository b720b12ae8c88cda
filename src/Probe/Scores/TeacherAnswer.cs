// What the teacher made of a batch of images: all that a score may look at.

using DataFreeKD.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>What scores are computed from, B images at a time. Tensors belong to the dispose scope that they were made in.</summary>
public sealed record TeacherAnswer
{
    /// <summary><c>[B, C]</c>, float64; null for a teacher without a head. The mean over heads where there are several.</summary>
    public Tensor? Logits { get; init; }

    /// <summary>CLS after the final norm, <c>[B, D]</c>, float32; of a network without tokens what its head reads; of one that gives logits
    /// alone <c>[B, 0]</c>.</summary>
    public required Tensor Embedding { get; init; }

    /// <summary>What each of the K heads reads, <c>[B, K, D]</c>, float64: CLS after the final norm; of a distilled DeiT the distillation
    /// token too; <c>[B, 1, 0]</c> of a network that gives logits alone.</summary>
    public required Tensor Features { get; init; }

    /// <summary>The K heads; none of a teacher without.</summary>
    public IReadOnlyList<LinearHead> Heads { get; init; } = [];

    /// <summary>The attention probe of each block asked for, <c>[B, N]</c>, float64.</summary>
    public IReadOnlyList<Tensor> Probes { get; init; } = [];

    /// <summary>CLS's row of the attention rollout, <c>[B, N]</c>, float64; null where no score needs it.</summary>
    public Tensor? Rollout { get; init; }

    /// <summary>Logits of each view, <c>[B, C]</c>, float64; none where no score needs them.</summary>
    public IReadOnlyList<Tensor> Views { get; init; } = [];

    /// <summary>What ReAct clips features at.</summary>
    public double ReactClip { get; init; } = double.NaN;

    /// <summary>Log-odds that an image is no corrupted copy, as a classifier that was learned from the pool says, <c>[B]</c>, float64; null
    /// where no score needs them.</summary>
    internal Tensor? Intact { get; init; }

    /// <summary>The answer of a network of your own (<see cref="ITeacher"/>).</summary>
    /// <param name="logits"><c>[B, C]</c>; null of a network without a head.</param>
    /// <param name="embedding"><c>[B, D]</c>; null of a network that gives logits alone.</param>
    /// <exception cref="ArgumentException">Both are null.</exception>
    public static TeacherAnswer From(Tensor? logits, Tensor? embedding = null)
    {
        Tensor given = embedding ?? logits ?? throw new ArgumentException("a teacher gives logits, an embedding or both");
        Tensor found = embedding ?? zeros([given.shape[0], 0], device: given.device);
        return new TeacherAnswer
        {
            Logits = logits,
            Embedding = found,
            Features = found.unsqueeze(1),
        };
    }

    /// <summary>Runs the teacher over a batch and over as many views of it as are asked for.</summary>
    /// <param name="network">The teacher, in eval mode.</param>
    /// <param name="pixels">Normalised, <c>[B, 3, S, S]</c>, on the teacher's device.</param>
    /// <param name="blocks">Blocks to probe.</param>
    /// <param name="rollout">Whether the attention of all blocks is wanted, O(T²) an image and block.</param>
    /// <param name="views">How many views, 0 to <see cref="ImageViews.Most"/>: a forward pass each.</param>
    /// <param name="merged">Patches that each block merges (<see cref="ModelCapture.MergedPatches"/>), of views too.</param>
    internal static TeacherAnswer Of(
        VisionTransformer network,
        Tensor pixels,
        IReadOnlyList<int> blocks,
        bool rollout = false,
        int views = 0,
        int merged = 0
    )
    {
        int[] every = rollout ? [.. Enumerable.Range(0, network.Config.Depth)] : [];
        return Of(
            network,
            network.Run(
                pixels,
                new ModelCapture
                {
                    ClsRowBlocks = blocks,
                    AttentionBlocks = every,
                    MergedPatches = merged,
                }
            ),
            pixels,
            blocks,
            rollout,
            views,
            merged
        );
    }

    /// <summary>From a pass that is done, which has kept the CLS rows of the blocks and for a rollout the attention of all.</summary>
    /// <inheritdoc cref="Of(VisionTransformer, Tensor, IReadOnlyList{int}, bool, int, int)"/>
    internal static TeacherAnswer Of(
        VisionTransformer network,
        ModelOutput output,
        Tensor pixels,
        IReadOnlyList<int> blocks,
        bool rollout,
        int views,
        int merged = 0
    )
    {
        int[] every = rollout ? [.. Enumerable.Range(0, network.Config.Depth)] : [];
        return new TeacherAnswer
        {
            Logits = output.Logits?.to(ScalarType.Float64),
            Embedding = output.Embedding,
            Features = output.HeadEmbeddings!.to(ScalarType.Float64),
            Heads = network.LinearHeads,
            Probes = [.. blocks.Select(block => AttentionProbe.FromClsRows(output.ClsRows[block]))],
            Rollout = rollout
                ? AttentionRollout.ClsRow([.. every.Select(block => output.Attention[block])], network.Config.PrefixTokens)
                : null,
            Views = output.Logits is null ? [] : [.. ImageViews.Of(pixels, views).Select(view => Logits64(network, view, merged))],
        };
    }

    private static Tensor Logits64(VisionTransformer network, Tensor view, int merged)
    {
        using DisposeScope scope = NewDisposeScope();
        return network.Run(view, new ModelCapture { MergedPatches = merged }).Logits!.to(ScalarType.Float64).MoveToOuterDisposeScope();
    }
}
