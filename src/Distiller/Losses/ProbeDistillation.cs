// Matching how CLS relates to the patches: the CLS row of each block's Gram matrix (Wang et al., ICASSP 2022).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Probe distillation. Works for different widths, and for different depths by mapping layers evenly.</summary>
/// <remarks>Prefix tokens other than CLS are dropped first. Where the student dropped patches, the teacher's same patches are left out before normalising, so both see one token set.</remarks>
public sealed class ProbeDistillation : LossTerm
{
    private readonly IReadOnlyList<(int Student, int Teacher)> layers;
    private readonly ModelPair pair;
    private readonly ProbeVariant variant;

    /// <summary>For a pair of models.</summary>
    /// <param name="weight">Weight in the total (0.8 as published).</param>
    /// <param name="variant">Axis of the normalisation.</param>
    /// <param name="pair">Both architectures, with the same number of patches.</param>
    /// <exception cref="RunException">The patch grids differ.</exception>
    public ProbeDistillation(double weight, ProbeVariant variant, ModelPair pair) : base("probe", weight)
    {
        if (pair.Teacher.Patches != pair.Student.Patches)
            throw new RunException($"probe distillation needs the same patches: the teacher has {pair.Teacher.Grid}x{pair.Teacher.Grid}, the student {pair.Student.Grid}x{pair.Student.Grid}; choose the student's img and patch to match, or drop the probe loss");
        (this.variant, this.pair, layers) = (variant, pair, LayerMap.Evenly(pair.Student.Depth, pair.Teacher.Depth));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> TeacherBlocks => [.. layers.Select(layer => layer.Teacher)];

    /// <inheritdoc/>
    public override IReadOnlyList<int> StudentBlocks => [.. layers.Select(layer => layer.Student)];

    /// <summary>The CLS row <c>G[0, 1:]</c> of G = F̂F̂ᵀ, <c>[.., T−1]</c>, of tokens <c>[.., T, D]</c> (CLS first). Only that row is computed: O(T·D).</summary>
    /// <param name="tokens">Block outputs.</param>
    /// <param name="variant">Official: each feature is normalised over the tokens; corrected: each token over its features.</param>
    public static torch.Tensor ClsGramRow(torch.Tensor tokens, ProbeVariant variant)
    {
        torch.Tensor normal = torch.nn.functional.normalize(tokens, p: 2, dim: variant == ProbeVariant.Official ? -2 : -1, eps: 1e-12);
        torch.Tensor cls = normal.narrow(-2, 0, 1);
        return normal.narrow(-2, 1, normal.shape[^2] - 1).matmul(cls.transpose(-2, -1)).squeeze(-1);
    }

    /// <summary>Mean squared difference of the CLS rows over layers, batch and patches, of block outputs <c>[L, B, T, D]</c>; the widths may differ.</summary>
    /// <param name="student">Student block outputs.</param>
    /// <param name="teacher">Teacher block outputs; no gradient flows to them.</param>
    /// <param name="variant">Axis of the normalisation.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, ProbeVariant variant, torch.Tensor? weights = null)
    {
        torch.Tensor difference = ClsGramRow(student, variant) - ClsGramRow(teacher.detach(), variant);
        return Reduction.BatchMean(difference.square().mean([0, 2]), weights);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor? total = null;
        foreach ((int s, int t) in layers)
        {
            torch.Tensor student = PatchTokens.ClsAndPatches(inputs.Student.Hidden[s], pair.Student.PrefixTokens, kept: null);
            torch.Tensor teacher = PatchTokens.ClsAndPatches(inputs.Teacher.Hidden[t], pair.Teacher.PrefixTokens, inputs.KeptPatches);
            torch.Tensor loss = Loss(student.unsqueeze(0), teacher.unsqueeze(0), variant, inputs.Weights);
            total = total is null ? loss : total + loss;
        }
        return total! / layers.Count;
    }
}
