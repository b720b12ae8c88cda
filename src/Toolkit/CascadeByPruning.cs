// A student of a cascade by closed-form pruning: scoring knows no pruning, and pruning no scoring.

using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Probe.Cascade;

namespace DataFreeKD.Toolkit;

/// <summary>Prunes the small network that looks at every image first (<see cref="CascadeOptions.Pruning"/>).</summary>
internal static class CascadeByPruning
{
    /// <summary>Multiply-accumulates of the student, as a share of the teacher's.</summary>
    public const double UsualShare = 0.12;

    /// <summary>Tokens that it is pruned on: 256 images of 64 patches.</summary>
    public const int UsualTokens = 16_640;

    /// <summary>A student of a share of the teacher's multiply-accumulates, of the usual shape for its size, pruned without
    /// trials.</summary>
    /// <param name="share">Above 0, up to 1.</param>
    /// <param name="tokens">Tokens that it is pruned on, about; of 100 images at least.</param>
    /// <param name="method">How its maps are fitted.</param>
    public static CascadePruning Of(double share = UsualShare, int tokens = UsualTokens, PruneMethod method = PruneMethod.Refined) =>
        new(FormattableString.Invariant($"pruned to {share} of the multiply-accumulates, {method}"), tokens, (teacher, sample, cancel) =>
        {
            try
            {
                // The student is the model's owner only for as long as somebody disposes it: the cascade does.
                PrunedStudent pruned = PruneRun.Prune(
                    teacher,
                    sample,
                    new PruneSettings
                    {
                        Size = new ShapeBudget(BudgetUnit.Macs, share),
                        TriesShapes = false,
                        Images = Math.Max(2, sample.Count),
                        HoldOut = 0,
                        Method = method,
                    },
                    cancel: cancel
                );
                return new CascadeStudent(pruned.Model, null);
            }
            catch (DistillException refused)
            {
                return new CascadeStudent(null, refused.Message);
            }
        });
}
