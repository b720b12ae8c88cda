// The weights of one axis: for each output position, which input positions it reads and with what fixed-point weight.

using System.Buffers;

namespace DataFreeKD.Imaging.Resampling;

/// <summary>PIL's 22-bit fixed-point weights for output positions <c>[start, start + count)</c> of one axis. Dispose to return the pooled
/// arrays.</summary>
/// <remarks>The weights are computed in double precision with the operations in PIL's order: a different order rounds differently and loses
/// bit-exactness.</remarks>
internal sealed class ResizeTaps : IDisposable
{
    /// <summary>Fraction bits of a weight: 32 − 8 bits of pixel − 2 bits of overshoot.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private ResizeTaps(int count, int stride)
    {
        (Count, Stride) = (count, stride);
        First = ArrayPool<int>.Shared.Rent(count);
        Length = ArrayPool<int>.Shared.Rent(count);
        Weights = ArrayPool<int>.Shared.Rent(count * stride);
        Weights.AsSpan(0, count * stride).Clear();
    }

    /// <summary>Output positions.</summary>
    public int Count { get; }

    /// <summary>Weights between the starts of two output positions; unused ones are zero.</summary>
    public int Stride { get; }

    /// <summary>First input position of each output position.</summary>
    public int[] First { get; }

    /// <summary>Input positions read by each output position.</summary>
    public int[] Length { get; }

    /// <summary>The weights, <c>[Count, Stride]</c>.</summary>
    public int[] Weights { get; }

    /// <summary>Computes the weights that take <paramref name="inputSize"/> positions to <paramref name="outputSize"/>, for the window
    /// <c>[start, start + count)</c> of the output.</summary>
    public static ResizeTaps Create(int inputSize, int outputSize, int start, int count, Interpolation interpolation)
    {
        double scale = (double)inputSize / outputSize;
        double filterScale = Math.Max(scale, 1.0);
        double support = (interpolation == Interpolation.Bilinear ? 1.0 : 2.0) * filterScale;
        double inverse = 1.0 / filterScale;
        int stride = checked((int)Math.Ceiling(support) * 2 + 1);
        ResizeTaps taps = new(count, stride);
        Span<double> raw = stride <= 256 ? stackalloc double[stride] : new double[stride];
        for (int i = 0; i < count; i++)
        {
            double centre = (start + i + 0.5) * scale;
            int first = Math.Max(0, (int)(centre - support + 0.5));
            int length = Math.Min(inputSize, (int)(centre + support + 0.5)) - first;
            double sum = 0;
            for (int k = 0; k < length; k++)
            {
                double x = (k + first - centre + 0.5) * inverse;
                double weight = interpolation == Interpolation.Bilinear ? Triangle(x) : Cubic(x);
                raw[k] = weight;
                sum += weight;
            }
            Span<int> weights = taps.Weights.AsSpan(i * stride, length);
            for (int k = 0; k < length; k++)
            {
                double weight = sum != 0 ? raw[k] / sum : raw[k];
                weights[k] = (int)((weight < 0 ? -0.5 : 0.5) + weight * (1 << PrecisionBits));
            }
            (taps.First[i], taps.Length[i]) = (first, length);
        }
        return taps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(First);
        ArrayPool<int>.Shared.Return(Length);
        ArrayPool<int>.Shared.Return(Weights);
    }

    private static double Triangle(double x)
    {
        x = Math.Abs(x);
        return x < 1.0 ? 1.0 - x : 0.0;
    }

    // Keys' cubic convolution kernel, a = -0.5.
    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1.0)
            return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
        return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
    }
}
