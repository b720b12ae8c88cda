// Matching attention maps: the CLS token's row, or every row.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>KL of the teacher's attention rows to the student's, for each pair of layers.</summary>
/// <remarks>Prefix tokens other than CLS are left out on both sides, and the patches that the student dropped, before the softmax: each row
/// is a distribution over the tokens that both models have.</remarks>
internal sealed class AttentionTransfer : LossTerm
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "attention",
            Equation = "KL(a_t ‖ a_s), a = softmax(q·kᵀ/√d); mean over layers, batch, heads and rows",
            Source = "attention transfer, Zagoruyko and Komodakis, ICLR 2017; for transformers MiniLM, Wang et al., NeurIPS 2020",
            Needs = "the same patch grid; heads=each: the same number of heads",
            Keys =
            [
                LossKey.Choice("rows", "CLS's row over the patches (the probe), or every row over CLS and patches", "cls", "all"),
                LossKey.Choice("heads", "average the heads of each model first, or match head to head", "mean", "each"),
                LossKey.Choice("layers", "every block, mapped evenly, or the last alone", "all", "last"),
            ],
            Build = (term, context) => new AttentionTransfer(term, context),
        };

    private readonly ModelPair pair;
    private readonly bool everyRow,
        eachHead;

    private AttentionTransfer(RecipeTerm term, LossContext context)
        : base(term)
    {
        PatchTokens.RequireSameGrid(term, pair = context.Pair);
        // Its rows are made of queries and keys alone.
        if (pair.Teacher.RelativeBias || pair.Student.RelativeBias)
            throw new DistillException(
                $"{Name}: the {(pair.Teacher.RelativeBias ? "teacher" : "student")}'s attention has relative position biases, which this loss does not read; use probe or minilm"
            );
        (everyRow, eachHead) = (term.Word("rows") == "all", term.Word("heads") == "each");
        if (eachHead && pair.Student.Heads != pair.Teacher.Heads)
            throw new DistillException(
                $"{Name}:heads=each needs the same number of heads: the teacher has {pair.Teacher.Heads}, the student {pair.Student.Heads}; use heads=mean or the minilm loss"
            );
        IReadOnlyList<LayerPair> all = LayerMap.Evenly(pair.Student.Depth, pair.Teacher.Depth);
        Layers = term.Word("layers") == "last" ? [all[^1]] : all;
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<LayerPair> Layers { get; }

    /// <inheritdoc/>
    public override ModelCapture TeacherCapture => new() { QkvBlocks = [.. Layers.Select(layer => layer.Teacher)] };

    /// <inheritdoc/>
    public override ModelCapture StudentCapture => new() { QkvBlocks = [.. Layers.Select(layer => layer.Student)] };

    /// <summary>KL(a_t ‖ a_s) of log-probabilities, mean over heads and rows, mean over the batch.</summary>
    /// <param name="student">ln a_s <c>[B, H, R, M]</c>.</param>
    /// <param name="teacher">ln a_t, the same shape; no gradient flows to it.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor target = teacher.detach();
        return Reduction.BatchMean((target.exp() * (target - student)).sum(-1).mean([1, 2]), weights);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor? total = null;
        foreach (LayerPair layer in Layers)
        {
            torch.Tensor loss = Loss(
                Rows(inputs.Student.Qkv[layer.Student], pair.Student, null),
                Rows(inputs.Teacher.Qkv[layer.Teacher], pair.Teacher, inputs.KeptPatches),
                inputs.Weights
            );
            total = total is null ? loss : total + loss;
        }
        return total! / Layers.Count;
    }

    // ln a [B, H or 1, R, M].
    private torch.Tensor Rows(Qkv parts, VitConfig shape, torch.Tensor? kept)
    {
        torch.Tensor q = HeadTokens.ClsAndPatches(parts.Queries, shape.PrefixTokens, kept),
            k = HeadTokens.ClsAndPatches(parts.Keys, shape.PrefixTokens, kept);
        if (!everyRow)
            (q, k) = (q.narrow(2, 0, 1), k.narrow(2, 1, k.shape[2] - 1));
        torch.Tensor rows = (q.matmul(k.transpose(-2, -1)) / Math.Sqrt(q.shape[^1])).log_softmax(-1);
        return eachHead ? rows : rows.logsumexp(1, keepdim: true) - Math.Log(rows.shape[1]);
    }
}
