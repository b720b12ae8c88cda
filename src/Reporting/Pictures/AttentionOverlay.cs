// An attention map laid over the image that the teacher saw.

using DataFreeKD.Imaging;

namespace DataFreeKD.Reporting.Pictures;

/// <summary>Draws where a teacher looked: dark where it did not, warm where it did.</summary>
internal static class AttentionOverlay
{
    // What is not looked at stays visible at this share of its brightness.
    private const double Shade = 0.35;

    // A patch that is looked at this many times as much as it would be by an even gaze is drawn at full strength: without a fixed
    // end an even gaze, whose greatest value is nothing, would look like a strong one.
    private const double Full = 4;

    /// <summary>The image with its map, <paramref name="side"/> pixels wide and high.</summary>
    /// <param name="view">The image and the probe <c>[GridHeight * GridWidth]</c>.</param>
    /// <param name="side">Pixels; at least 1.</param>
    /// <exception cref="ArgumentException">The row is not a whole number of grid rows.</exception>
    public static RgbImage Draw(AttentionView view, int side)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(side);
        if (view.GridWidth < 1 || view.Row.Count == 0 || view.Row.Count % view.GridWidth != 0)
            throw new ArgumentException($"{view.Row.Count} patches do not fill rows of {view.GridWidth}", nameof(view));
        RgbImage image = PilResize.Resize(view.Seen, side, side, Interpolation.Bicubic);
        RgbImage map = PilResize.Resize(Strengths(view), side, side, Interpolation.Bilinear);
        byte[] pixels = new byte[image.Pixels.Length];
        for (int at = 0; at < pixels.Length; at += 3)
        {
            double strength = map.Pixels[at] / 255.0;
            double light = Shade + ((1 - Shade) * strength);
            for (int channel = 0; channel < 3; channel++)
            {
                double warm =
                    (
                        channel == 0 ? 255
                        : channel == 1 ? 170
                        : 30
                    )
                    * strength
                    * 0.35;
                pixels[at + channel] = (byte)
                    Math.Clamp(Math.Round((image.Pixels[at + channel] * light * (1 - (0.35 * strength))) + warm), 0, 255);
            }
        }
        return new RgbImage(side, side, pixels);
    }

    // The map as a grey image of one pixel a patch. The root makes the weaker gazes visible.
    private static RgbImage Strengths(AttentionView view)
    {
        byte[] grey = new byte[view.Row.Count * 3];
        for (int patch = 0; patch < view.Row.Count; patch++)
        {
            double times = view.Row[patch] * view.Row.Count;
            byte level = (byte)Math.Round(255 * Math.Sqrt(Math.Clamp(times / Full, 0, 1)));
            grey.AsSpan(3 * patch, 3).Fill(level);
        }
        return new RgbImage(view.GridWidth, view.Row.Count / view.GridWidth, grey);
    }
}
