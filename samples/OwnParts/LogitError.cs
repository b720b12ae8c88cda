// A loss of your own.

using DataFreeKD.Distiller.Losses;
using TorchSharp;

namespace DataFreeKD.OwnParts;

/// <summary>Mean squared error of logits less their mean (Kim et al. 2021, arXiv 2105.08919), raised to a power.</summary>
internal sealed class LogitError(RecipeTerm term) : LossTerm(term)
{
    private readonly double power = term.Number("power");

    public static LossEntry Entry { get; } =
        new()
        {
            Name = "logit-error",
            Equation = "mean over images and classes of |(t - mean t) - (s - mean s)|^power",
            Source = "Kim et al. 2021, arXiv 2105.08919",
            Keys = [LossKey.Number("power", 2, "exponent of the difference", least: 1)],
            Build = (term, _) => new LogitError(term),
        };

    public override torch.Tensor Compute(LossInputs inputs) =>
        (Centred(inputs.Teacher.Logits!) - Centred(inputs.Student.Logits!)).abs().pow(power).mean();

    private static torch.Tensor Centred(torch.Tensor logits) => logits - logits.mean([-1], keepdim: true);
}
