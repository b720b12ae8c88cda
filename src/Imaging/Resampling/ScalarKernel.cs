// The two passes in plain code: the reference that the vector kernels must equal, and the fallback where there are none.

namespace DataFreeKD.Imaging.Resampling;

/// <summary>One multiply a channel and tap.</summary>
internal static class ScalarKernel
{
    private const int Half = 1 << (ResizeTaps.PrecisionBits - 1);

    /// <summary>Resamples every row of <c>[rows, *, 3]</c> along x into <c>[rows, taps.Count, 3]</c>.</summary>
    public static void Horizontal(
        ReadOnlySpan<byte> source,
        int sourceStride,
        Span<byte> target,
        int targetStride,
        int rows,
        ResizeTaps taps
    )
    {
        for (int y = 0; y < rows; y++)
        {
            ReadOnlySpan<byte> row = source[(y * sourceStride)..];
            Span<byte> output = target.Slice(y * targetStride, taps.Count * 3);
            for (int i = 0; i < taps.Count; i++)
            {
                ReadOnlySpan<int> weights = taps.Weights.AsSpan(i * taps.Stride, taps.Length[i]);
                ReadOnlySpan<byte> pixels = row.Slice(taps.First[i] * 3, weights.Length * 3);
                int red = Half,
                    green = Half,
                    blue = Half;
                for (int k = 0; k < weights.Length; k++)
                {
                    red += pixels[3 * k] * weights[k];
                    green += pixels[3 * k + 1] * weights[k];
                    blue += pixels[3 * k + 2] * weights[k];
                }
                output[3 * i] = Clip(red);
                output[3 * i + 1] = Clip(green);
                output[3 * i + 2] = Clip(blue);
            }
        }
    }

    /// <summary>Resamples along y: bytes <c>[from, rowBytes)</c> of each of <c>taps.Count</c> rows. <paramref name="firstRow"/> is the
    /// input row that <paramref name="source"/> begins with.</summary>
    public static void Vertical(
        ReadOnlySpan<byte> source,
        int sourceStride,
        int firstRow,
        Span<byte> target,
        int rowBytes,
        ResizeTaps taps,
        int from = 0
    )
    {
        for (int i = 0; i < taps.Count; i++)
        {
            ReadOnlySpan<int> weights = taps.Weights.AsSpan(i * taps.Stride, taps.Length[i]);
            ReadOnlySpan<byte> rows = source[((taps.First[i] - firstRow) * sourceStride)..];
            Span<byte> output = target.Slice(i * rowBytes, rowBytes);
            for (int x = from; x < rowBytes; x++)
            {
                int sum = Half;
                for (int k = 0; k < weights.Length; k++)
                    sum += rows[k * sourceStride + x] * weights[k];
                output[x] = Clip(sum);
            }
        }
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResizeTaps.PrecisionBits, 0, 255);
}
