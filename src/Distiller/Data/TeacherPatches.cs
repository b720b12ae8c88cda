// MaskedKD: the teacher sees only those patches that the student's class token looks at most.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Data;

/// <summary>Which patches a teacher sees.</summary>
/// <remarks>Son et al., ECCV 2024 (arXiv 2302.10494): the student goes first; its last block's CLS-to-patch attention, averaged over heads,
/// ranks the patches. Class token and position embeddings of the teacher stay.</remarks>
internal static class TeacherPatches
{
    /// <summary>The patches that rank highest, sorted, <c>[B, K]</c> int64 with K = max(1, round(N·share)).</summary>
    /// <param name="clsRows">The student's attention, <c>[B, H, N]</c>.</param>
    /// <param name="share">Share of the patches that is kept, above 0 and below 1.</param>
    public static torch.Tensor Choose(torch.Tensor clsRows, double share)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long patches = clsRows.shape[2],
            kept = Math.Max(1, (long)Math.Round(patches * share));
        return clsRows.detach().mean([1]).topk((int)kept, dim: 1).indexes.sort(1).Values.MoveToOuterDisposeScope();
    }

    /// <summary>Checks that a teacher can be shown a part of its patches, chosen by a student.</summary>
    /// <exception cref="DistillException">It cannot, with the first reason.</exception>
    public static void Check(IReadOnlyList<ModelConfig> teachers, ModelConfig student)
    {
        if (student is not VitConfig { ClassToken: true, Pooling: Pooling.Token or Pooling.TokenAndAverage } small)
            throw Refused($"the student {student.Name} has no class token that looks at patches");
        foreach (ModelConfig teacher in teachers)
        {
            if (teacher is not VitConfig { ClassToken: true, Pooling: Pooling.Token } large)
                throw Refused($"the teacher {teacher.Name} has no class token to answer by");
            if (large.Rotary is not null || large.RelativeBias)
                throw Refused(
                    $"the teacher {large.Name} has {(large.Rotary is not null ? "rotary" : "relative")} positions, which patches cannot be left out of"
                );
            if (large.CrossBias || small.CrossBias)
                throw Refused("convolution and involution tokens are made from every patch");
            if (large.Grid != small.Grid)
                throw Refused(
                    $"the teacher has {large.Grid}x{large.Grid} patches and the student {small.Grid}x{small.Grid}, and one chooses for the other"
                );
        }
    }

    private static DistillException Refused(string why) =>
        new($"TeacherPatches: {why}; leave it out") { Options = [nameof(DistillOptions.TeacherPatches)] };
}
