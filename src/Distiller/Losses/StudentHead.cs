// Which of a student's outputs a loss of the outputs teaches.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>The <c>head</c> of output losses: <c>mean</c> of all heads, <c>cls</c>, <c>dist</c>, or <c>conv</c> and <c>inv</c> of a
/// Co-advise student. A student with a CLS token only has one head, which both <c>mean</c> and <c>cls</c> name.</summary>
internal sealed class StudentHead
{
    private const string Dist = "dist",
        Conv = "conv",
        Inv = "inv";
    private readonly string name;

    /// <summary>The head that a term names.</summary>
    /// <exception cref="DistillException">The student lacks the token.</exception>
    public StudentHead(RecipeTerm term, ModelPair pair)
    {
        name = term.Word("head");
        if (name == Dist && !pair.Student.Distilled)
            throw new DistillException(
                $"{term.Entry.Name}:head=dist needs a student with a distillation token: choose a deit_*_distilled_* name or add distilled=1 to the vit: spec"
            );
        if (name is Conv or Inv && !pair.Student.CrossBias)
            throw new DistillException(
                $"{term.Entry.Name}:head={name} needs a student with convolution and involution tokens: add tokens=cls+conv+inv to the vit: spec"
            );
    }

    /// <summary>The key of a recipe.</summary>
    public static LossKey Key(string otherwise = "mean") =>
        LossKey.Choice(
            "head",
            "student head that learns",
            [otherwise, .. ((string[])["mean", "cls", Dist, Conv, Inv]).Where(word => word != otherwise)]
        );

    /// <summary>Logits <c>[B, C]</c>.</summary>
    public torch.Tensor Of(ModelOutput student) =>
        (
            name switch
            {
                Dist => student.LogitsDist,
                Conv => student.LogitsConv,
                Inv => student.LogitsInv,
                "cls" => student.LogitsCls,
                _ => null,
            }
        ) ?? student.Logits!;
}
