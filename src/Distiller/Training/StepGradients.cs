// The loss and the gradient of a step, of the whole batch at once or of its parts one after the other, here or on several machines.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>What a step measured.</summary>
/// <param name="Gradients">Of each leaf, in their order; of microbatches one vector, all of them behind each other.</param>
/// <param name="Loss">Without gradient where the batch came in parts.</param>
internal readonly record struct StepResult(IReadOnlyList<torch.Tensor> Gradients, StepLoss Loss);

/// <summary>The microbatches that every batch consists of, and who computes them: each rank a block of neighbours.</summary>
/// <param name="Count">In a batch.</param>
/// <param name="Reducer">The ranks; their number divides <paramref name="Count"/>.</param>
internal sealed record Microbatches(int Count, IReducer Reducer)
{
    /// <summary>How many this rank computes.</summary>
    public int Own => Count / Reducer.Ranks;

    /// <summary>Those that the options ask for; null where they ask for none.</summary>
    public static Microbatches? Of(LoopOptions options, IReducer reducer) =>
        options.Microbatches is { } count ? new Microbatches(count, reducer) : null;

    /// <summary>The images of this rank.</summary>
    public BatchShare ShareOf(int batch) => new(batch / Reducer.Ranks * Reducer.Rank, batch / Reducer.Ranks);
}

/// <summary>Computes gradients. In parts, only one part's activations are in memory at a time, and losses and gradients are means over the
/// batch as before, each part by its share of the images.</summary>
/// <param name="objective">What is minimised.</param>
/// <param name="learner">The model that learns.</param>
/// <param name="leaves">What gradients are wanted of.</param>
/// <param name="parts">Parts of a batch; 1 for the whole.</param>
/// <param name="clock">Where time is booked; null for nowhere.</param>
/// <param name="microbatches">What the batch is a sum of, instead of <paramref name="parts"/>; null for none.</param>
internal sealed class StepGradients(
    Objective objective,
    ImageModel learner,
    torch.Tensor[] leaves,
    int parts,
    StageClock? clock,
    Microbatches? microbatches = null
)
{
    private readonly Recomputation? recomputation = (learner as VisionTransformer)?.Recomputation;

    /// <summary>Loss and gradients of a batch, in the caller's dispose scope.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="mixed">Their (possibly mixed) pixels.</param>
    /// <param name="kept">Patches that the student keeps; null for all.</param>
    /// <param name="at">The step in hand.</param>
    /// <param name="scale">What the loss is multiplied by, and the gradients divided.</param>
    /// <exception cref="DistillException">Memory ran out; it names what takes less.</exception>
    public StepResult Of(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at, double scale = 1)
    {
        try
        {
            if (microbatches is not null)
                return InMicrobatches(microbatches, batch, mixed, kept, at, scale);
            return parts == 1 ? Whole(batch, mixed, kept, at, scale) : InParts(batch, mixed, kept, at, scale);
        }
        catch (Exception shortage) when (MemoryShortage.Is(shortage))
        {
            throw TooLarge(batch.Images.Length, shortage);
        }
    }

    private DistillException TooLarge(int images, Exception shortage)
    {
        int count = microbatches?.Own ?? parts,
            atOnce = (images + count - 1) / count;
        string less =
            atOnce >= 4
                ? $"give {(microbatches is null ? $"Accumulate {2 * parts}" : $"Microbatches {2 * microbatches.Count}")}, which takes the same steps with {(atOnce + 1) / 2} at once, or BatchSize {Math.Max(2, images / 2)}"
                : "there is no smaller batch to take: give a smaller model or input size";
        return new DistillException(
            $"out of memory with {atOnce} images at once: {less}{(recomputation is null ? "; CheckpointActivations takes less too, in a Vision Transformer" : "")} ({shortage.Message.Split('\n')[0]})"
        )
        {
            Options =
            [
                nameof(LoopOptions.Accumulate),
                nameof(LoopOptions.Microbatches),
                nameof(LoopOptions.BatchSize),
                nameof(LoopOptions.CheckpointActivations),
            ],
        };
    }

    private StepResult InParts(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at, double scale)
    {
        int images = batch.Images.Length;
        torch.Tensor[] gradients = [.. leaves.Select(leaf => torch.zeros_like(leaf))];
        torch.Tensor figures = torch.zeros([objective.Terms.Count + 1], device: leaves[0].device);
        for (int part = 0; part < parts; part++)
        {
            int from = (int)((long)images * part / parts),
                count = (int)((long)images * (part + 1) / parts) - from;
            double share = (double)count / images;
            using DisposeScope scope = torch.NewDisposeScope();
            StepResult one = Whole(
                batch.Part(from, count),
                mixed with
                {
                    Pixels = mixed.Pixels.narrow(0, from, count),
                },
                kept?.narrow(0, from, count),
                at with
                {
                    FirstImage = from,
                },
                scale
            );
            using IDisposable off = torch.no_grad();
            for (int i = 0; i < gradients.Length; i++)
                gradients[i].add_(one.Gradients[i], share);
            figures.add_(torch.stack([.. one.Loss.Terms.Prepend(one.Loss.Total).Select(scalar => scalar.detach().reshape([]))]), share);
        }
        torch.Tensor[] means = figures.unbind(0);
        return new StepResult(gradients, new StepLoss(means[0], means[1..]));
    }

    // One vector, gradients and then figures, so that ranks have one sum a step.
    private StepResult InMicrobatches(Microbatches all, Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at, double scale)
    {
        int size = batch.Images.Length / all.Own;
        torch.Tensor flat = Sum(0, all.Own);
        clock?.Mark("backward");
        all.Reducer.Sum(flat);
        clock?.Mark("reduce");
        using IDisposable off = torch.no_grad();
        flat.div_(all.Count);
        long figures = objective.Terms.Count + 1,
            gradients = flat.numel() - figures;
        torch.Tensor[] means = flat.narrow(0, gradients, figures).unbind(0);
        return new StepResult([flat.narrow(0, 0, gradients)], new StepLoss(means[0], means[1..]));

        // A block is halved until it is one, so that the halves of a whole batch are those of two ranks.
        torch.Tensor Sum(int from, int to)
        {
            if (to - from == 1)
                return One(from * size);
            int middle = from + ((to - from) / 2);
            torch.Tensor left = Sum(from, middle);
            using torch.Tensor right = Sum(middle, to);
            using IDisposable off = torch.no_grad();
            return left.add_(right);
        }

        // Copies, so that a microbatch begins where memory does, whichever rank it is on: sums may depend on that.
        torch.Tensor One(int from)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            StepResult one = Whole(
                batch.Part(from, size),
                mixed with
                {
                    Pixels = mixed.Pixels.narrow(0, from, size).clone(),
                },
                kept?.narrow(0, from, size).clone(),
                at with
                {
                    FirstImage = batch.First + from,
                },
                scale
            );
            using IDisposable off = torch.no_grad();
            return torch
                .cat([.. one.Gradients.Concat(one.Loss.Terms.Prepend(one.Loss.Total)).Select(tensor => tensor.detach().reshape(-1))])
                .MoveToOuterDisposeScope();
        }
    }

    private StepResult Whole(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at, double scale)
    {
        recomputation?.Clear();
        StepLoss loss = objective.Loss(batch, mixed, kept, at);
        clock?.Mark("student");
        torch.Tensor scaled = scale == 1 ? loss.Total : loss.Total * scale;
        IEnumerable<torch.Tensor?> gradients = recomputation is null
            ? torch.autograd.grad([scaled], leaves, allow_unused: true)
            : recomputation.Gradients(scaled, leaves);
        clock?.Mark("backward");
        // A leaf that no loss reaches (a head under feature losses alone) gets no tensor back.
        return new StepResult([.. gradients.Zip(leaves, (gradient, leaf) => gradient is null || gradient.IsInvalid ? torch.zeros_like(leaf)
                    : scale == 1 ? gradient
                    : gradient / scale)], loss);
    }
}
