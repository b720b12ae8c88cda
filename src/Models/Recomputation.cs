// Activation checkpointing: what a step keeps of the student's blocks, and how their gradients come of it.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Runs parts of a network without a graph and again with one when their gradient is wanted, one part at a time, so that the
/// activations of a single part are in memory (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).</summary>
/// <remarks>
/// What a part gives are leaves, which the rest of the network and the losses read. The gradients of the leaves go through the parts in
/// reverse, here rather than in a function of autograd: TorchSharp's functions keep a copy of the size of each output until their backward
/// pass, cannot let an exception through (memory runs out in a recomputation first), and leave tensors to the garbage collector on a GPU,
/// where that pass has a thread of its own.
/// </remarks>
internal sealed class Recomputation
{
    // In the order of the forward pass; Input is null for what has a graph already.
    private readonly List<Part> parts = [];

    /// <summary>Forgets what an earlier pass left.</summary>
    public void Clear() => parts.Clear();

    /// <summary>A leaf in place of a tensor with a graph, which parts go on from.</summary>
    public Tensor Begin(Tensor tensor)
    {
        Tensor leaf = tensor.detach().requires_grad_(true);
        parts.Add(new Part(null, [leaf], () => [tensor]));
        return leaf;
    }

    /// <summary>Runs a part without a graph.</summary>
    /// <param name="input">A leaf that an earlier part gave. It must not be disposed before <see cref="Gradients"/>.</param>
    /// <param name="run">The part, which gives the same tensors whenever it is called; they belong to the dispose scope in force.</param>
    /// <returns>Leaves, with the tensors' numbers.</returns>
    public Tensor[] Run(Tensor input, Func<Tensor, Tensor[]> run)
    {
        Tensor[] leaves;
        using (no_grad())
            leaves = [.. run(input).Select(tensor => tensor.requires_grad_(true))];
        parts.Add(new Part(input, leaves, () => run(input)));
        return leaves;
    }

    /// <summary>Gradients of <paramref name="loss"/>, which depends on the leaves of the parts; null for what it does not depend on. The
    /// parts are forgotten.</summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="wanted">Parameters of parts and of the rest.</param>
    public IReadOnlyList<Tensor?> Gradients(Tensor loss, IReadOnlyList<Tensor> wanted)
    {
        Sums sums = new();
        sums.Add([.. wanted, .. parts.SelectMany(part => part.Leaves)], [loss], null);
        foreach (Part part in Enumerable.Reverse(parts))
        {
            (Tensor Gradient, int Output)[] known =
            [
                .. part
                    .Leaves.Select((leaf, i) => (sums.Take(leaf), i))
                    .Where(pair => pair.Item1 is not null)
                    .Select(pair => (pair.Item1!, pair.i)),
            ];
            if (known.Length == 0)
                continue;
            using DisposeScope scope = NewDisposeScope();
            Tensor[] outputs = part.Again();
            sums.Add(
                part.Input is null ? wanted : [.. wanted, part.Input],
                [.. known.Select(pair => outputs[pair.Output])],
                [.. known.Select(pair => pair.Gradient)]
            );
            foreach ((Tensor gradient, _) in known)
                gradient.Dispose();
        }
        parts.Clear();
        return [.. wanted.Select(sums.Take)];
    }

    private sealed record Part(Tensor? Input, Tensor[] Leaves, Func<Tensor[]> Again);

    // Gradients so far, by tensor: what several parts read has the sum.
    private sealed class Sums
    {
        private readonly Dictionary<Tensor, Tensor> sums = new(ReferenceEqualityComparer.Instance);

        public Tensor? Take(Tensor of) => sums.Remove(of, out Tensor? sum) ? sum : null;

        public void Add(IReadOnlyList<Tensor> of, IList<Tensor> outputs, IList<Tensor>? gradients)
        {
            foreach ((Tensor tensor, Tensor? found) in of.Zip(autograd.grad(outputs, [.. of], gradients, allow_unused: true)))
            {
                if (found is null || found.IsInvalid)
                    continue;
                // Not in place: one tensor may be the gradient of several.
                Tensor sum = (sums.Remove(tensor, out Tensor? before) ? before + found : found).DetachFromDisposeScope();
                before?.Dispose();
                sums[tensor] = sum;
            }
        }
    }
}
