// How an image looks, as the columns phash and colours of a table tell it.

using System.Globalization;

namespace DataFreeKD.Manifests.Looks;

/// <summary>A perceptual hash and, where the table has them, the colours beside it.</summary>
/// <param name="Hash">The 64 bits of <c>phash</c>.</param>
/// <param name="Colours">The sketch of <c>colours</c>; null where there is none.</param>
internal readonly record struct Look(ulong Hash, ColourSketch? Colours)
{
    /// <summary>Reads the two fields; null where <paramref name="phash"/> is no hash (sixteen hexadecimal digits).</summary>
    public static Look? Parse(string? phash, string? colours)
    {
        if (
            phash is not { Length: 16 }
            || !ulong.TryParse(phash, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hash)
        )
            return null;
        return new Look(hash, ColourSketch.TryParse(colours, out ColourSketch sketch) ? sketch : null);
    }
}
