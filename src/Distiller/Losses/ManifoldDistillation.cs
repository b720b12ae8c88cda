// Relations among all patches of a batch, decoupled into three cheap parts (fine-grained manifold distillation).

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Fine-grained manifold distillation on tokens normalised over features. Widths may differ.</summary>
/// <remarks>
/// Tokens: as the published code, all that the teacher's blocks give, and of the student as many of its last ones. So CLS counts where the
/// teacher is a ViT (the paper's CaiT has none in these blocks), and of a student with more prefix tokens the first are dropped. Of a
/// teacher with more of them than the student, for which that code fails, CLS and the patches. <c>tokens=patches</c> leaves CLS out.
/// Layers: the first and the last few of both models, as the paper's {0–3} and the last four; where a model is too shallow for both, all
/// layers mapped evenly.
/// The relation matrix of all B·N patches, which the three parts stand for, never needs to be built: ‖S·Sᵀ − T·Tᵀ‖² = ‖Sᵀ·S‖² − 2·‖Sᵀ·T‖² +
/// ‖Tᵀ·T‖² holds D×D matrices only (<c>exact=1</c>).
/// A pair of patches counts by the product of their images' weights.
/// </remarks>
internal sealed class ManifoldDistillation : LayerLoss
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "manifold",
            Equation =
                "mean (M_s − M_t)², M = F̂·F̂ᵀ of tokens: intra·[B, N, N] within images + inter·[N, B, B] across images + random·[K, K] of K drawn tokens, or exact·[BN, BN]; mean over layers",
            Source = "fine-grained manifold distillation, Hao et al., NeurIPS 2022",
            Needs = "the same patch grid",
            Keys =
            [
                LossKey.Number("intra", 4, "weight of relations within an image"),
                LossKey.Number("inter", 0.1, "weight of relations across images at one place"),
                LossKey.Number("random", 0.2, "weight of relations among drawn tokens"),
                LossKey.Whole("k", 192, "tokens drawn", least: 2),
                LossKey.Whole("first", 4, "first blocks joined", least: 0),
                LossKey.Whole("last", 4, "last blocks joined", least: 1),
                LossKey.Switch("exact", "instead of the three parts, all B·N tokens with each other"),
                LossKey.Choice(
                    "tokens",
                    "all of the teacher's, CLS among them, and as many of the student (the published code), or patches alone",
                    "all",
                    "patches"
                ),
            ],
            ComparesImages = term => term.On("exact") || term.Number("inter") > 0 || term.Number("random") > 0,
            Build = (term, context) => new ManifoldDistillation(term, context),
        };

    private readonly ModelPair pair;
    private readonly double intra,
        inter,
        random;
    private readonly int drawn;
    private readonly bool exact,
        patchesAlone;
    private readonly long seed;

    private ManifoldDistillation(RecipeTerm term, LossContext context)
        : base(term, Ends(context.Pair, term.Whole("first"), term.Whole("last")))
    {
        PatchTokens.RequireSameGrid(term, pair = context.Pair);
        (intra, inter, random, drawn, exact, patchesAlone, seed) = (
            term.Number("intra"),
            term.Number("inter"),
            term.Number("random"),
            term.Whole("k"),
            term.On("exact"),
            term.Word("tokens") == "patches",
            context.Seed
        );
    }

    /// <summary>Mean over <c>[B, N, N]</c>: patches of one image.</summary>
    /// <param name="student">Student patches <c>[B, N, Ds]</c>, normalised over features.</param>
    /// <param name="teacher">Teacher patches <c>[B, N, Dt]</c>, normalised over features.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Intra(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null) =>
        Reduction.BatchMean(Difference(student, teacher).square().mean([1, 2]), weights);

    /// <summary>Mean over <c>[N, B, B]</c>: the patches at one place of all images.</summary>
    /// <inheritdoc cref="Intra"/>
    public static torch.Tensor Inter(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor square = Difference(student.transpose(0, 1), teacher.transpose(0, 1)).square();
        return (weights is null ? square : square * weights.unsqueeze(0) * weights.unsqueeze(1)).mean();
    }

    /// <summary>Mean over <c>[K, K]</c>: the patches of flat numbers <paramref name="chosen"/> (image·N + patch).</summary>
    /// <inheritdoc cref="Intra"/>
    public static torch.Tensor Random(torch.Tensor student, torch.Tensor teacher, torch.Tensor chosen, torch.Tensor? weights = null)
    {
        torch.Tensor square = Difference(student.flatten(0, 1).index_select(0, chosen), teacher.flatten(0, 1).index_select(0, chosen))
            .square();
        if (weights is null)
            return square.mean();
        torch.Tensor own = weights.index_select(0, chosen.div(student.shape[1], torch.RoundingMode.floor).to_type(torch.ScalarType.Int64));
        return (square * own.unsqueeze(0) * own.unsqueeze(1)).mean();
    }

    /// <summary>Mean over <c>[BN, BN]</c>, by way of D×D matrices: O(BN·D²) time, no matrix of the patches.</summary>
    /// <inheritdoc cref="Intra"/>
    public static torch.Tensor Exact(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor root = weights is null ? torch.ones([1, 1, 1], student.dtype, student.device) : weights.sqrt().view(-1, 1, 1);
        torch.Tensor s = (student * root).flatten(0, 1),
            t = (teacher * root).flatten(0, 1);
        double patches = s.shape[0];
        return (Energy(s, s) - (Energy(s, t) * 2) + Energy(t, t)) / (patches * patches);

        static torch.Tensor Energy(torch.Tensor x, torch.Tensor y) => x.t().matmul(y).square().sum();
    }

    /// <inheritdoc/>
    protected override torch.Tensor OfLayer(int index, torch.Tensor student, torch.Tensor teacher, LossInputs inputs)
    {
        torch.Tensor s = Unit(Related(student, pair.Student.PrefixTokens, kept: null)),
            t = Unit(Related(teacher, pair.Teacher.PrefixTokens, inputs.KeptPatches));
        if (exact)
            return Exact(s, t, inputs.Weights);
        int all = (int)(s.shape[0] * s.shape[1]);
        long[] chosen =
        [
            .. new Randomness(seed, Purpose.Loss, inputs.At.Step, Learned.Key($"{Name}.{index}")).Choose(Math.Min(drawn, all), all),
        ];
        return (Intra(s, t, inputs.Weights) * intra)
            + (Inter(s, t, inputs.Weights) * inter)
            + (Random(s, t, Upload.To(torch.tensor(chosen), s.device), inputs.Weights) * random);
    }

    // The tokens that count, of both models in the same order.
    private torch.Tensor Related(torch.Tensor tokens, int prefix, torch.Tensor? kept)
    {
        int shared = patchesAlone ? 0 : pair.Teacher.PrefixTokens;
        if (shared == 0)
            return PatchTokens.Patches(tokens, prefix, kept);
        if (shared > pair.Student.PrefixTokens)
            return PatchTokens.ClsAndPatches(tokens, prefix, kept);
        return torch.cat([tokens.narrow(1, prefix - shared, shared), PatchTokens.Patches(tokens, prefix, kept)], 1);
    }

    private static torch.Tensor Unit(torch.Tensor tokens) => torch.nn.functional.normalize(tokens, p: 2, dim: -1, eps: 1e-12);

    private static torch.Tensor Difference(torch.Tensor student, torch.Tensor teacher) =>
        student.matmul(student.transpose(-2, -1)) - teacher.matmul(teacher.transpose(-2, -1));

    private static IReadOnlyList<LayerPair> Ends(ModelPair pair, int first, int last)
    {
        int s = pair.Student.Depth,
            t = pair.Teacher.Depth;
        if (first + last >= Math.Min(s, t))
            return LayerMap.Evenly(s, t);
        return
        [
            .. Enumerable.Range(0, first).Select(block => new LayerPair(block, block)),
            .. Enumerable.Range(1, last).Select(i => new LayerPair(s - 1 - last + i, t - 1 - last + i)),
        ];
    }
}
