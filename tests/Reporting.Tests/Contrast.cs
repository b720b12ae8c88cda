// The contrast of two colours as WCAG 2.2 defines it.

using System.Globalization;

namespace DataFreeKD.Reporting.Tests;

internal static class Contrast
{
    /// <summary>Contrast ratio, 1 to 21, of <c>#rrggbb</c>.</summary>
    public static double Of(string one, string other)
    {
        double a = Luminance(one),
            b = Luminance(other);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    /// <summary>A share of one colour in another.</summary>
    public static string Mixed(string one, string other, double share) =>
        "#"
        + string.Concat(
            Channels(one)
                .Zip(Channels(other), (a, b) =>
                    ((int)Math.Round((a * share) + (b * (1 - share)))).ToString("x2", CultureInfo.InvariantCulture)
                )
        );

    private static double Luminance(string colour)
    {
        double[] linear =
        [
            .. Channels(colour)
                .Select(level => level / 255.0)
                .Select(level => level <= 0.04045 ? level / 12.92 : Math.Pow((level + 0.055) / 1.055, 2.4)),
        ];
        return (0.2126 * linear[0]) + (0.7152 * linear[1]) + (0.0722 * linear[2]);
    }

    private static int[] Channels(string colour) =>
        [
            .. Enumerable
                .Range(0, 3)
                .Select(at => int.Parse(colour.AsSpan(1 + (2 * at), 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        ];
}
