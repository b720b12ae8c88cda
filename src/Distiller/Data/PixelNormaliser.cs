// Bytes to normalised floats by table: (x/255 − mean)/std has only 256 values a channel.

namespace DataFreeKD.Distiller.Data;

/// <summary>Turns HWC bytes into CHW floats, bit-equal to computing (x/255 − mean)/std in single precision.</summary>
internal sealed class PixelNormaliser
{
    private readonly float[][] values;

    public PixelNormaliser(IReadOnlyList<float> mean, IReadOnlyList<float> std) =>
        values = [.. Enumerable.Range(0, 3).Select(c => Enumerable.Range(0, 256).Select(x => ((x / 255f) - mean[c]) / std[c]).ToArray())];

    /// <summary>Writes <c>[3, S, S]</c> of <c>[S, S, 3]</c>.</summary>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> destination)
    {
        int plane = pixels.Length / 3;
        for (int c = 0; c < 3; c++)
        {
            float[] table = values[c];
            Span<float> channel = destination.Slice(c * plane, plane);
            for (int i = 0, at = c; i < channel.Length; i++, at += 3)
                channel[i] = table[pixels[at]];
        }
    }
}
