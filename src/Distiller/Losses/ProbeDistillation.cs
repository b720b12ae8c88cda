// Matching how CLS relates to the patches: the CLS row of each block's Gram matrix (Wang et al., ICASSP 2022).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>The two forms of probe distillation.</summary>
internal enum ProbeVariant
{
    /// <summary>Features normalised over the token axis, as the published code does.</summary>
    Official,

    /// <summary>Features normalised over the feature axis, as the text means.</summary>
    Corrected,
}

/// <summary>Probe distillation. Works for different widths, and for different depths by mapping layers evenly.</summary>
/// <remarks>Prefix tokens other than CLS are dropped first. Where the student dropped patches, the teacher's same patches are left out
/// before normalising, so both see one token set.</remarks>
internal sealed class ProbeDistillation : LayerLoss
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "probe",
            Equation = "mean (G_s[0, 1:] − G_t[0, 1:])² over layers, batch and patches, G = F̂F̂ᵀ",
            Source = "Attention Probe, Wang et al., ICASSP 2022 (published weight 0.8)",
            Needs = "the same patch grid",
            Keys =
            [
                LossKey.Choice(
                    "variant",
                    "F̂ normalised over features (corrected) or over tokens (official: the published code)",
                    "corrected",
                    "official"
                ),
                LossKey.Choice(
                    "layers",
                    "every block, mapped evenly, or the ends of the thirds alone (blocks 3, 7 and 11 of 12: the published code)",
                    "all",
                    "thirds"
                ),
            ],
            Build = (term, context) => new ProbeDistillation(term, context),
        };

    private readonly ModelPair pair;
    private readonly ProbeVariant variant;

    private ProbeDistillation(RecipeTerm term, LossContext context)
        : base(
            term,
            LayerMap.Evenly(context.Pair.Student.Depth, context.Pair.Teacher.Depth, term.Word("layers") == "thirds" ? 3 : int.MaxValue)
        )
    {
        PatchTokens.RequireSameGrid(term, pair = context.Pair);
        variant = Enum.Parse<ProbeVariant>(term.Word("variant"), ignoreCase: true);
    }

    /// <summary>The CLS row <c>G[0, 1:]</c> of G = F̂F̂ᵀ, <c>[.., T−1]</c>, of tokens <c>[.., T, D]</c> (CLS first). Only that row is
    /// computed: O(T·D).</summary>
    /// <param name="tokens">Block outputs.</param>
    /// <param name="variant">Official: each feature is normalised over the tokens; corrected: each token over its features.</param>
    public static torch.Tensor ClsGramRow(torch.Tensor tokens, ProbeVariant variant)
    {
        torch.Tensor normal = torch.nn.functional.normalize(tokens, p: 2, dim: variant == ProbeVariant.Official ? -2 : -1, eps: 1e-12);
        torch.Tensor cls = normal.narrow(-2, 0, 1);
        return normal.narrow(-2, 1, normal.shape[^2] - 1).matmul(cls.transpose(-2, -1)).squeeze(-1);
    }

    /// <summary>Mean squared difference of the CLS rows over layers, batch and patches, of block outputs <c>[L, B, T, D]</c>; the widths
    /// may differ.</summary>
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
    protected override torch.Tensor OfLayer(int index, torch.Tensor student, torch.Tensor teacher, LossInputs inputs) =>
        Loss(
            PatchTokens.ClsAndPatches(student, pair.Student.PrefixTokens, kept: null).unsqueeze(0),
            PatchTokens.ClsAndPatches(teacher, pair.Teacher.PrefixTokens, inputs.KeptPatches).unsqueeze(0),
            variant,
            inputs.Weights
        );
}
