// Easy images first: passes over a growing head of the table.

namespace DataFreeKD.Distiller.Data;

/// <summary>
/// A linear pacing function (Bengio et al., ICML 2009; Hacohen and Weinshall, ICML 2019). It counts images seen, not the length
/// of the run, so that a cache of the teacher's outputs and a training of another length see the same images.
/// </summary>
/// <param name="First">Share of the images in the first pass, (0, 1].</param>
/// <param name="Epochs">After as many turns as this many passes over all images would take, all are in.</param>
internal sealed record Curriculum(double First, double Epochs)
{
    // What a whole number may have gained on the way.
    private const double Rounding = 1e-9;

    /// <summary>The curriculum of a run's options; null where all images are in from the start.</summary>
    public static Curriculum? Of(BatchOptions options) =>
        options.Curriculum < 1 ? new Curriculum(options.Curriculum, options.CurriculumEpochs) : null;

    /// <summary>Images in the pass that begins after so many turns: the first ones of the table.</summary>
    public int ImagesAt(long turns, int images) =>
        (int)Math.Clamp(Math.Ceiling(First * images + (1 - First) * turns / Epochs - Rounding), 1, images);
}
