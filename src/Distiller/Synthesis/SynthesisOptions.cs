// Options of making images out of a teacher.

namespace DataFreeKD.Distiller.Synthesis;

/// <summary>Options of <see cref="ImageSynthesis"/>. Defaults follow PSAQ-ViT (Li et al., ECCV 2022) where it gives them.</summary>
internal sealed record SynthesisOptions
{
    /// <summary>The teacher: model directory or checkpoint file of a ViT with a head.</summary>
    public required string Teacher { get; init; }

    /// <summary>Its attention heads, where the checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>Images. Image i is made for class i mod C.</summary>
    public required int Count { get; init; }

    /// <summary>Steps of the optimiser.</summary>
    public int Steps { get; init; } = 300;

    /// <summary>Images optimised at a time.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Adam's rate at the start, in units of the normalised pixels; it falls to 0 as a cosine.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Weight of the cross-entropy with the class.</summary>
    public double CrossEntropy { get; init; } = 1;

    /// <summary>Weight of the entropy of the patches' similarities, a mean over the blocks.</summary>
    public double PatchEntropy { get; init; } = 1;

    /// <summary>Weight of <see cref="PixelPriors.TotalVariation"/> (0.05 in the paper, whose measure is a sum over the pixels).</summary>
    public double TotalVariation { get; init; } = 0.5;

    /// <summary>Pixels by which the image moves, at most, before the teacher sees it; null for an eighth of its side.</summary>
    public int? Shift { get; init; }

    /// <summary>Whether the teacher sees half of the steps mirrored; not for classes that left and right tell apart.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>Seed of everything.</summary>
    public long Seed { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>What makes the images what they are, for their names: <c>steps=300&amp;lr=0.1&amp;…</c>.</summary>
    public string Recipe =>
        FormattableString.Invariant(
            $"steps={Steps}&lr={LearningRate}&ce={CrossEntropy}&pse={PatchEntropy}&tv={TotalVariation}&shift={Shift}&flip={(Flip ? 1 : 0)}&seed={Seed}"
        );

    /// <summary>Refuses values that cannot work.</summary>
    /// <exception cref="DistillException">Names the option.</exception>
    public void Validate()
    {
        Check(Count > 0, $"count is {Count}: must be above 0");
        Check(Steps > 0, $"steps is {Steps}: must be above 0");
        Check(BatchSize > 0, $"batch is {BatchSize}: must be above 0");
        Check(Shift is null or >= 0, $"shift is {Shift}: must be 0 or more");
        Check(LearningRate > 0, $"lr is {LearningRate}: must be above 0");
        Check(CrossEntropy >= 0 && PatchEntropy >= 0 && TotalVariation >= 0, "the weights ce, pse and tv must be 0 or more");
        Check(CrossEntropy + PatchEntropy > 0, "ce and pse are both 0: there is nothing to learn from the teacher");
    }

    private static void Check(bool fits, string message)
    {
        if (!fits)
            throw new DistillException(message);
    }
}
