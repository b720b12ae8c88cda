// One way to look at an image before the teacher does.

namespace DataFreeKD.Probe.Cascade;

/// <summary>What a first look gives and costs.</summary>
/// <param name="Blocks">Of the teacher, whose rest goes on from there; 0 where a student looks.</param>
/// <param name="Share">Work of the look, as a share of a full pass.</param>
/// <param name="Spared">The part of it that a full pass need not do again.</param>
/// <param name="Features">Of each image of the sample.</param>
internal sealed record CascadeCandidate(int Blocks, double Share, double Spared, float[][] Features)
{
    /// <summary>A student of so many of the teacher's multiply-accumulates.</summary>
    public static CascadeCandidate OfStudent(double share, float[][] features) => new(0, share, 0, features);

    /// <summary>The first of the teacher's blocks.</summary>
    public static CascadeCandidate OfBlocks(int blocks, int depth, float[][] features) =>
        new(blocks, (double)blocks / depth, (double)blocks / depth, features);

    /// <summary>Work where so large a share goes on, of a full pass for each image.</summary>
    public double Cost(double kept) => Share + (kept * (1 - Spared));
}
