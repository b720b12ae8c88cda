// The losses of a distillation: its recipe's terms, built for its teachers and its student.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class RecipeLosses
{
    /// <summary>The recipe's terms for these models.</summary>
    /// <exception cref="DistillException">A loss that does not fit the models or the options.</exception>
    public static IReadOnlyList<LossTerm> Of(
        DistillOptions options,
        IReadOnlyList<ModelConfig> teachers,
        ModelConfig student,
        torch.Device device
    )
    {
        IReadOnlyList<LossTerm> losses =
        [
            .. options.Recipe.Terms.Select(term =>
                term.Entry.Build(term, new LossContext(new ModelPair(teachers[ShapeOf(term)], student), options.Seed, device))
            ),
        ];
        foreach (LossTerm loss in losses)
            _ = loss.Teacher.Among(teachers.Count, loss.ReadsTeacherFeatures);
        // Feature losses line class tokens up; without one they would take a patch for it.
        if (
            losses.FirstOrDefault(loss => loss.ReadsTeacherFeatures) is { } reading
            && teachers.OfType<VitConfig>().Any(teacher => !teacher.ClassToken)
        )
            throw new DistillException(
                $"the {reading.Name} loss reads the teacher's class token, and the teacher has none; use losses on outputs (kd, dkd, dist, hard, noise)"
            );
        if (options.DropsPatches && losses.FirstOrDefault(loss => loss.NeedsEveryPatch) is { } whole)
            throw new DistillException(
                $"the {whole.Name} loss needs every patch of the student: leave patch dropout out, or {whole.Name} out of the recipe"
            );
        if (options.MasksTeacher)
        {
            TeacherPatches.Check(teachers, student);
            if (losses.FirstOrDefault(loss => loss.ReadsTeacherFeatures) is { } reader)
                throw new DistillException(
                    $"the {reader.Name} loss reads the teacher's patches, of which TeacherPatches shows it a part; use losses on outputs (kd, dkd, dist, hard, noise), or leave TeacherPatches out"
                )
                {
                    Options = [nameof(DistillOptions.TeacherPatches)],
                };
        }
        return losses;

        // A loss of features is built for the teacher whose features it reads; for a mixture of outputs any will do.
        int ShapeOf(RecipeTerm term) => new TeacherChoice(term).Among(teachers.Count, features: false) ?? 0;
    }
}
