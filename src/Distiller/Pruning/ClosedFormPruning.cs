// Closed-form pruning: a narrower Vision Transformer whose every linear map is a ridge regression on the teacher's.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Fits students of a teacher on unlabelled images, without gradients.</summary>
/// <remarks>
/// The residual stream is turned into the directions that matter most and cut (<see cref="StreamBasis"/>). Then each linear map of the
/// student, in order, is the ridge regression
/// of the teacher's (turned, cut) answer on the student's own running input, so that every map makes up for what those before it lost. As
/// in SliceGPT (arXiv 2401.15024) and CORP (arXiv 2602.05243).
/// Equations are in docs/prune.md.
/// </remarks>
internal sealed class ClosedFormPruning : IDisposable
{
    // The tokens that a head reads decide everything behind the last norm.
    private const double HeadTokenWeight = 4;

    private const int TokensABatch = 8192;

    private readonly PruningSource source;
    private StreamBasis? energy;

    /// <param name="teacher">On <paramref name="device"/>, in eval mode; not changed.</param>
    /// <param name="pixels">Where images come from.</param>
    /// <param name="slots">The images to fit on.</param>
    /// <param name="settings">How.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="DistillException">The teacher has a part that cannot be turned.</exception>
    public ClosedFormPruning(VisionTransformer teacher, SlotPixels pixels, int[] slots, FitSettings settings, torch.Device device)
    {
        Prunable.Check(teacher.Config);
        source = new PruningSource(teacher, pixels, slots, settings, device);
        Influence = new double[teacher.Config.Depth];
    }

    /// <summary>Images a batch for a teacher: about as many tokens as keep the products large and the memory small.</summary>
    public static int BatchFor(VitConfig teacher) => Math.Clamp(TokensABatch / (teacher.Patches + teacher.PrefixTokens), 1, 128);

    /// <summary>Told after every batch of every pass: passes' batches done.</summary>
    public Action? AfterBatch
    {
        get => source.AfterBatch;
        init => source.AfterBatch = value;
    }

    /// <summary>How often <see cref="AfterBatch"/> is called: by <see cref="Observe"/>, then by a fit of so many blocks.</summary>
    public long BatchesToObserve => source.Batches;

    /// <summary>The same for a fit.</summary>
    public long BatchesToFit(VitConfig shape) =>
        (((4L + (shape.MlpHidden < source.Teacher.Config.MlpHidden ? 1 : 0) + (source.RefitsHeads(shape) ? 1 : 0)) * shape.Depth) + 1)
        * source.Batches;

    /// <summary>How much each block turns the stream: 1 − cosine between its input and output, mean over tokens (ShortGPT, arXiv
    /// 2403.03853). Zero before <see cref="Observe"/>.</summary>
    public double[] Influence { get; }

    /// <summary>One pass of the teacher: the energy of its stream, how its answer depends on it, and each block's influence. Serves every
    /// shape.</summary>
    public void Observe(CancellationToken cancel)
    {
        if (energy is not null)
            return;
        StreamBasis gathered = new(source.Teacher.Config.Width, source.Device);
        long tokens = 0;
        source.ForEachBatch(
            batch =>
            {
                torch.Tensor x = source.Teacher.Tokens(source.PixelsOf(batch));
                for (int b = 0; b < source.Steps.Count; b++)
                {
                    gathered.Add(x);
                    torch.Tensor middle = source
                        .Steps[b]
                        .AddAttention(x, VitBlock.Mix(source.Steps[b].Split(source.Steps[b].AttentionInput(x))));
                    gathered.Add(middle);
                    torch.Tensor end = source
                        .Steps[b]
                        .AddMlp(middle, source.Steps[b].Activate(source.Steps[b].Hidden(source.Steps[b].MlpInput(middle))));
                    Influence[b] += (1 - torch.nn.functional.cosine_similarity(x, end, dim: -1)).sum().item<float>();
                    x = end;
                }
                gathered.Add(x);
                if (source.ReadsTokens)
                    gathered.Add(x.narrow(1, 0, source.HeadTokens), HeadTokenWeight);
                if (source.Refined)
                    StreamSlopes.Add(gathered, source, batch);
                tokens += x.shape[0] * x.shape[1];
            },
            cancel
        );
        for (int b = 0; b < Influence.Length; b++)
            Influence[b] /= tokens;
        energy = gathered;
    }

    /// <summary>The student of a shape.</summary>
    /// <param name="shape">At most as wide, deep and many-headed as the teacher.</param>
    /// <param name="blocks">The teacher's blocks kept, ascending, one for each of the student's.</param>
    /// <param name="start">Blocks already fitted, with the student as it was then and its basis; null to begin.</param>
    /// <param name="afterBlock">Given the student, its basis and how many blocks are fitted.</param>
    /// <param name="cancel">Cancels between batches.</param>
    /// <exception cref="DistillException">The shape is no part of the teacher's.</exception>
    public VisionTransformer Fit(
        VitConfig shape,
        IReadOnlyList<int> blocks,
        PruningState? start = null,
        Action<PruningState>? afterBlock = null,
        CancellationToken cancel = default
    )
    {
        Prunable.Check(shape, source.Teacher.Config);
        if (
            blocks.Count != shape.Depth
            || !blocks.SequenceEqual(blocks.Distinct().Order())
            || blocks[^1] >= source.Teacher.Config.Depth
            || blocks[0] < 0
        )
            throw new DistillException(
                $"blocks {string.Join(",", blocks)}: must be {shape.Depth} ascending numbers below {source.Teacher.Config.Depth}"
            );
        Observe(cancel);
        using DisposeScope scope = torch.NewDisposeScope();
        VisionTransformer student = (VisionTransformer)shape.Create(source.Settings.Seed).MoveTo(source.Device);
        student.eval();
        try
        {
            torch.Tensor basis = start?.Basis.to(source.Device) ?? energy!.Of(shape.Width, source.Settings.Seed).Basis;
            StudentWeights into = new(student);
            using ActivationStore store = new(source.Settings.Memory);
            if (start is null)
                EmbeddingTurn.Apply(source, into, basis, shape, cancel);
            else
                into.Restore(start);
            for (int i = start?.Blocks ?? 0; i < blocks.Count; i++)
            {
                new BlockFit(source, student, into, basis, store, blocks, i).Run(i == start?.Blocks, cancel);
                afterBlock?.Invoke(new PruningState(i + 1, basis, into.All));
            }
            HeadFit.Run(source, student, into, store, blocks, start?.Blocks == blocks.Count, cancel);
            return student;
        }
        catch
        {
            student.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => energy?.Dispose();
}
