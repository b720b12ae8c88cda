// Twelve bytes that tell apart what a perceptual hash of greys cannot: images of one colour, of two, or with a gradient.

using System.Runtime.CompilerServices;

namespace DataFreeKD.Manifests.Looks;

/// <summary>The mean colours of an image's four quarters, weighted towards their middles. Equal pixels give equal sketches on every
/// machine.</summary>
[InlineArray(Length)]
internal struct ColourSketch
{
    /// <summary>Bytes: 2×2 pixels of RGB.</summary>
    public const int Length = 12;

    private byte first;

    /// <summary>Reads what <see cref="Format"/> writes; false for anything else.</summary>
    public static bool TryParse(string? text, out ColourSketch sketch)
    {
        sketch = default;
        return text is { Length: 2 * Length } && Convert.FromHexString(text, sketch, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    /// <summary>Twenty-four lower-case hexadecimal digits.</summary>
    public readonly string Format() => Convert.ToHexStringLower(this);

    /// <summary>The sum of squared differences of the twelve bytes.</summary>
    public static int SquaredDistance(in ColourSketch a, in ColourSketch b)
    {
        int sum = 0;
        for (int i = 0; i < Length; i++)
        {
            int difference = a[i] - b[i];
            sum += difference * difference;
        }
        return sum;
    }
}
