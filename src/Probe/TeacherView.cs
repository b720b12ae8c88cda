// Where a teacher looks on one image, and what it takes it for.

using DataFreeKD.Imaging;

namespace DataFreeKD.Probe;

/// <summary>A teacher's look at one image.</summary>
/// <param name="Seen">The image as the teacher saw it: resized and cropped.</param>
/// <param name="GridWidth">Patches across.</param>
/// <param name="Probes">The attention probe <c>[N]</c> of each probed block (sums to 1), row by row from the top left.</param>
/// <param name="Probabilities"><c>[C]</c>, sums to 1; null for a teacher without a head.</param>
internal sealed record TeacherView(RgbImage Seen, int GridWidth, IReadOnlyDictionary<int, float[]> Probes, float[]? Probabilities);
