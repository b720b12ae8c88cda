// Feature matching through a learned projection (FitNets, 2015; TinyBERT, 2020).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>MSE(F_s·W, F_t) over CLS and patches, one learned W for each pair of layers, layers mapped evenly.</summary>
internal sealed class HiddenStates : LayerLoss
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "hidden",
            Equation = "mean (F_s·W − F_t)² over layers, batch, tokens and features, W [Ds, Dt] learned",
            Source = "FitNets, Romero et al., ICLR 2015; TinyBERT, Jiao et al., 2020",
            Needs = "the same patch grid",
            Build = (term, context) => new HiddenStates(term, context),
        };

    private readonly ModelPair pair;
    private readonly LossParameter[] projections;

    private HiddenStates(RecipeTerm term, LossContext context)
        : base(term, LayerMap.Evenly(context.Pair.Student.Depth, context.Pair.Teacher.Depth))
    {
        PatchTokens.RequireSameGrid(term, pair = context.Pair);
        projections =
        [
            .. Layers.Select(layer =>
                Learned.Normal(
                    $"{Name}.{layer.Student}.weight",
                    [pair.Student.Width, pair.Teacher.Width],
                    1 / Math.Sqrt(pair.Student.Width),
                    context
                )
            ),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossParameter> Parameters => projections;

    /// <summary>Mean squared error over tokens and teacher features, mean over the batch.</summary>
    /// <param name="student">Student tokens <c>[B, T, Ds]</c>.</param>
    /// <param name="teacher">Teacher tokens <c>[B, T, Dt]</c>; no gradient flows to them.</param>
    /// <param name="projection">W <c>[Ds, Dt]</c>.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, torch.Tensor projection, torch.Tensor? weights = null) =>
        Reduction.BatchMean((student.matmul(projection) - teacher.detach()).square().mean([1, 2]), weights);

    /// <inheritdoc/>
    protected override torch.Tensor OfLayer(int index, torch.Tensor student, torch.Tensor teacher, LossInputs inputs) =>
        Loss(
            PatchTokens.ClsAndPatches(student, pair.Student.PrefixTokens, kept: null),
            PatchTokens.ClsAndPatches(teacher, pair.Teacher.PrefixTokens, inputs.KeptPatches),
            projections[index].Value,
            inputs.Weights
        );
}
