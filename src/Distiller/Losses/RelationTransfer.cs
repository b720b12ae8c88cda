// Relations of queries, keys and values among the tokens, whatever the heads and the width (MiniLM v2).

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Multi-head self-attention relations of one layer pair: the student's last block and an upper block of the teacher.</summary>
/// <remarks>Prefix tokens other than CLS are left out on both sides, and the patches that the student dropped.</remarks>
internal sealed class RelationTransfer : LossTerm
{
    private const int ShallowTeacher = 12;

    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "minilm",
            Equation =
                "Σ over A in (Q, K, V): KL(R_t ‖ R_s), R = softmax(A·Aᵀ/√dr) of each relation head; mean over batch, relation heads and rows",
            Source = "MiniLM v2, Wang et al., ACL Findings 2021",
            Needs = "the same patch grid",
            Keys =
            [
                LossKey.Whole(
                    "heads",
                    0,
                    "relation heads, a divisor of both widths (0: the student's number, or the largest below it that divides both)",
                    least: 0
                ),
                LossKey.Whole("layer", -1, "teacher block, from 0 (-1: the last of up to 12, else the one at 7/8 of the depth)", least: -1),
                LossKey.Number("q", 1, "weight of the queries' relations"),
                LossKey.Number("k", 1, "weight of the keys' relations"),
                LossKey.Number("v", 1, "weight of the values' relations"),
            ],
            Build = (term, context) => new RelationTransfer(term, context),
        };

    private readonly ModelPair pair;
    private readonly int heads;
    private readonly (double Q, double K, double V) share;

    private RelationTransfer(RecipeTerm term, LossContext context)
        : base(term)
    {
        PatchTokens.RequireSameGrid(term, pair = context.Pair);
        int asked = term.Whole("heads"),
            layer = term.Whole("layer"),
            depth = pair.Teacher.Depth,
            s = pair.Student.Width,
            t = pair.Teacher.Width;
        if (asked > 0 && (s % asked > 0 || t % asked > 0))
            throw new DistillException($"{Name}:heads={asked} must divide both widths, the student's {s} and the teacher's {t}");
        if (layer >= depth)
            throw new DistillException($"{Name}:layer={layer} does not exist: the teacher has blocks 0–{depth - 1}");
        heads = asked > 0 ? asked : Enumerable.Range(1, pair.Student.Heads).Last(number => s % number == 0 && t % number == 0);
        Layers =
        [
            new LayerPair(
                pair.Student.Depth - 1,
                layer >= 0 ? layer
                    : depth <= ShallowTeacher ? depth - 1
                    : (depth * 7 / 8) - 1
            ),
        ];
        share = (term.Number("q"), term.Number("k"), term.Number("v"));
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<LayerPair> Layers { get; }

    /// <inheritdoc/>
    public override ModelCapture TeacherCapture => new() { QkvBlocks = [Layers[0].Teacher] };

    /// <inheritdoc/>
    public override ModelCapture StudentCapture => new() { QkvBlocks = [Layers[0].Student] };

    /// <summary>ln R <c>[B, Ar, T, T]</c> of tokens <c>[B, T, D]</c>: D split into <paramref name="heads"/> relation heads, softmax of
    /// scaled inner products.</summary>
    /// <param name="tokens">Queries, keys or values with their heads side by side.</param>
    /// <param name="heads">Ar, a divisor of D.</param>
    public static torch.Tensor Relations(torch.Tensor tokens, int heads)
    {
        long width = tokens.shape[2] / heads;
        torch.Tensor split = tokens.view(tokens.shape[0], tokens.shape[1], heads, width).transpose(1, 2);
        return (split.matmul(split.transpose(-2, -1)) / Math.Sqrt(width)).log_softmax(-1);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        (Qkv student, Qkv teacher) = (inputs.Student.Qkv[Layers[0].Student], inputs.Teacher.Qkv[Layers[0].Teacher]);
        return (Of(student.Queries, teacher.Queries) * share.Q)
            + (Of(student.Keys, teacher.Keys) * share.K)
            + (Of(student.Values, teacher.Values) * share.V);

        torch.Tensor Of(torch.Tensor s, torch.Tensor t) =>
            AttentionTransfer.Loss(Cut(s, pair.Student, null), Cut(t, pair.Teacher, inputs.KeptPatches), inputs.Weights);

        torch.Tensor Cut(torch.Tensor parts, VitConfig shape, torch.Tensor? kept) =>
            Relations(PatchTokens.ClsAndPatches(HeadTokens.Merged(parts), shape.PrefixTokens, kept), heads);
    }
}
