// What can be pruned in closed form: the parts that can be turned, and the shapes that lie within a teacher.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Refuses by name what has no closed form.</summary>
internal static class Prunable
{
    private const string Cure = "; train it instead (distill --init random)";

    /// <summary>Checks the teacher.</summary>
    /// <exception cref="DistillException">It has a part that cannot be turned.</exception>
    public static void Check(VitConfig teacher)
    {
        string? reason =
            teacher.CrossBias ? "convolution and involution stems, which are not linear"
            : teacher.PostNorm ? "norms after its branches, which a turned stream does not pass"
            : teacher.QkNorm ? "norms of queries and keys, which their products do not pass"
            : teacher.RmsNorm ? "RMSNorm, which a turned stream does not pass as LayerNorm"
            : teacher.Rotary is not null ? "rotary positions, which the products of queries and keys do not pass"
            : teacher.RelativeBias ? "relative position biases, which are of the teacher's own heads"
            : teacher.ParallelBranches ? "parallel branches in its blocks, which are fitted one after the other"
            : !teacher.FinalNorm ? "no final norm, which a turned stream needs"
            : teacher.AttentionNorm || teacher.MlpNorm ? "norms inside its branches, which what they read does not pass"
            : teacher.EmbedNorm ? "a norm of its patches before the blocks, which is not linear"
            : !teacher.ProjectionBias ? "projections without bias, which cannot carry what is cut"
            : teacher.Pooling == Pooling.Map ? "a pooling by attention, which is not fitted yet"
            : null;
        if (reason is not null)
            throw new DistillException($"the teacher {teacher.Name} has {reason}, so it cannot be pruned in closed form{Cure}");
    }

    /// <summary>Checks a student's shape against its teacher's.</summary>
    /// <exception cref="DistillException">It is no part of the teacher's, with the first reason.</exception>
    public static void Check(VitConfig student, VitConfig teacher)
    {
        int size = student.Width / student.Heads,
            full = teacher.Width / teacher.Heads;
        string? reason =
            student.PatchSize != teacher.PatchSize ? $"its patches are {student.PatchSize} pixels and the teacher's {teacher.PatchSize}"
            : student.ImageSize != teacher.ImageSize
                ? $"it takes {student.ImageSize}×{student.ImageSize} images and the teacher {teacher.ImageSize}×{teacher.ImageSize}"
            : student.Width < 2 || student.Width > teacher.Width ? $"its width {student.Width} is not in 2–{teacher.Width}"
            : student.Heads > teacher.Heads ? $"it has {student.Heads} heads and the teacher {teacher.Heads}"
            : size > full ? $"its heads have {size} dimensions and the teacher's {full}"
            : student.MlpHidden > teacher.MlpHidden ? $"its MLP has {student.MlpHidden} units and the teacher's {teacher.MlpHidden}"
            : student.Depth > teacher.Depth ? $"it has {student.Depth} blocks and the teacher {teacher.Depth}"
            : student.CrossBias ? "it has convolution and involution stems"
            : student.Classes != teacher.Classes ? $"it has {student.Classes} classes and the teacher {teacher.Classes}"
            : Part(student.Distilled, teacher.Distilled, "a distillation token")
                ?? (
                    student.RegisterTokens != teacher.RegisterTokens
                        ? $"it has {student.RegisterTokens} registers and the teacher {teacher.RegisterTokens}"
                        : null
                )
                ?? Part(student.NoEmbedClass, teacher.NoEmbedClass, "positions for the patches only")
                ?? Part(student.SwiGlu, teacher.SwiGlu, "a SwiGLU MLP")
                ?? Part(student.PreNorm, teacher.PreNorm, "a norm before the blocks")
                ?? Part(student.ClassToken, teacher.ClassToken, "a class token")
                ?? Part(student.QkNorm, teacher.QkNorm, "norms of queries and keys")
                ?? Part(student.PostNorm, teacher.PostNorm, "norms after its branches")
                ?? Part(student.FcNorm, teacher.FcNorm, "its last norm behind the pooling")
                ?? (student.Pooling != teacher.Pooling ? $"it pools by {student.Pooling} and the teacher by {teacher.Pooling}" : null)
                ?? (
                    student.Activation != teacher.Activation && !teacher.SwiGlu
                        ? $"its MLPs have {student.Activation} and the teacher's {teacher.Activation}"
                        : null
                );
        if (reason is not null)
            throw new DistillException(
                $"the student {student.Name} is no part of its teacher {teacher.Name}, so it cannot be pruned from it: {reason}; choose another shape, or train it from random weights (distill --init random)"
            );
    }

    private static string? Part(bool student, bool teacher, string part) =>
        student == teacher ? null
        : student ? $"it has {part} and the teacher has not"
        : $"the teacher has {part} and it has not";
}
