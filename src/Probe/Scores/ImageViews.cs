// Other views of the same images, that a teacher who knows them answers alike.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>The mirror image, crops of 7/8 of the side at the corners, and their mirror images: in this order, the same for every
/// image.</summary>
internal static class ImageViews
{
    /// <summary>How many there are.</summary>
    public const int Most = 9;

    /// <summary>How many are looked at unless told otherwise: the mirror image and the four crops.</summary>
    public const int Usual = 5;

    /// <summary>The first <paramref name="count"/> views of normalised pixels <c>[B, 3, S, S]</c>, each of the same shape; crops are
    /// resized bilinearly.</summary>
    public static IEnumerable<Tensor> Of(Tensor pixels, int count)
    {
        long side = pixels.shape[^1],
            crop = Math.Max(1, (long)Math.Round(0.875 * side)),
            far = side - crop;
        (long Top, long Left)[] corners = [(0, 0), (far, far), (0, far), (far, 0)];
        return Enumerable.Range(0, count).Select(View);

        Tensor View(int number)
        {
            if (number == 0)
                return pixels.flip(3);
            (long top, long left) = corners[(number - 1) % corners.Length];
            Tensor view = nn.functional.interpolate(
                pixels.narrow(2, top, crop).narrow(3, left, crop),
                [side, side],
                mode: InterpolationMode.Bilinear,
                align_corners: false
            );
            return number <= corners.Length ? view : view.flip(3);
        }
    }
}
