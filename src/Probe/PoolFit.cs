// What is learned of a pool before its first row.

using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;

namespace DataFreeKD.Probe;

/// <summary>What some scores and a cascade need of a pool as a whole. It is learned once, kept in files (<see cref="ScorePrelude"/>), and
/// handed to a <see cref="TeacherPass"/> as one: a part that is null is not needed, or not learned yet.</summary>
internal sealed record PoolFit
{
    /// <summary>What <c>react_energy</c> clips features at; NaN of a pool without an image.</summary>
    public double? ReactClip { get; init; }

    /// <summary>The classifier of corrupted copies, for <c>intact</c>.</summary>
    public CorruptionModel? CorruptionModel { get; init; }

    /// <summary>Which images are dropped after a first look; null scores all.</summary>
    public CascadeModel? Cascade { get; init; }

    /// <summary>Who looks at the images first; null for the teacher's first blocks. The pass that it is handed to disposes it.</summary>
    public LoadedModel? FirstLook { get; init; }
}
