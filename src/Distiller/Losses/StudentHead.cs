// Which of a student's outputs a loss of the outputs teaches.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>The <c>head</c> of output losses: <c>mean</c> of both heads, <c>cls</c>, or <c>dist</c>. A student without a distillation token has one head, which both <c>mean</c> and <c>cls</c> name.</summary>
internal sealed class StudentHead
{
    private const string Dist = "dist";
    private readonly string name;

    /// <summary>The head that a term names.</summary>
    /// <exception cref="RunException">The student has no distillation token.</exception>
    public StudentHead(RecipeTerm term, ModelPair pair)
    {
        name = term.Word("head");
        if (name == Dist && !pair.Student.Distilled)
            throw new RunException($"{term.Entry.Name}:head=dist needs a student with a distillation token: choose a deit_*_distilled_* name or add distilled=1 to the vit: spec");
    }

    /// <summary>The key of a recipe.</summary>
    public static LossKey Key(string otherwise = "mean") => LossKey.Choice("head", "student head that learns", [otherwise, .. ((string[])["mean", "cls", Dist]).Where(word => word != otherwise)]);

    /// <summary>Logits <c>[B, C]</c>.</summary>
    public torch.Tensor Of(VitOutput student) => (name switch { Dist => student.LogitsDist, "cls" => student.LogitsCls, _ => null }) ?? student.Logits!;
}
