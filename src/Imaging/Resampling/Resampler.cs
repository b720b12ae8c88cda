// Two passes over a window of the output, with the best kernel that this processor has.

using System.Buffers;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataFreeKD.Imaging.Resampling;

/// <summary>The code that a pass runs on; all give the same bytes.</summary>
internal enum ResizeKernel
{
    /// <summary>Plain code.</summary>
    Scalar,

    /// <summary>128-bit vectors of any processor.</summary>
    Portable,

    /// <summary>x86 AVX2.</summary>
    Avx2,
}

/// <summary>An output window: the image is scaled to <c>Width × Height</c>, and of that the rectangle at (Left, Top) is computed.</summary>
internal readonly record struct ResizeWindow(int Width, int Height, int Left, int Top, int WindowWidth, int WindowHeight);

/// <summary>Resamples 8-bit RGB: along x first, then along y, as PIL does. Only what the window needs is computed; the pixels are the same
/// as those of a full resize that is cropped.</summary>
internal static class Resampler
{
    /// <summary>The fastest kernel of this processor.</summary>
    public static ResizeKernel Best { get; } =
        Avx2.IsSupported ? ResizeKernel.Avx2
        : Vector128.IsHardwareAccelerated ? ResizeKernel.Portable
        : ResizeKernel.Scalar;

    /// <summary>Writes the window, <c>[WindowHeight, WindowWidth, 3]</c> without padding.</summary>
    /// <param name="source">Rows of <paramref name="stride"/> bytes that begin with <paramref name="width"/> RGB pixels.</param>
    /// <param name="stride">Bytes from a row to the next.</param>
    /// <param name="width">Pixels across in the source.</param>
    /// <param name="height">Pixels down in the source.</param>
    /// <param name="window">What to compute.</param>
    /// <param name="interpolation">Filter.</param>
    /// <param name="destination">Where the pixels go.</param>
    /// <param name="kernel">The code to run.</param>
    public static void Run(
        ReadOnlySpan<byte> source,
        int stride,
        int width,
        int height,
        ResizeWindow window,
        Interpolation interpolation,
        Span<byte> destination,
        ResizeKernel kernel
    )
    {
        int rowBytes = window.WindowWidth * 3;
        ResizeTaps? vertical =
            window.Height == height ? null : ResizeTaps.Create(height, window.Height, window.Top, window.WindowHeight, interpolation);
        int firstRow = vertical is null ? window.Top : vertical.First[0];
        int rows = vertical is null
            ? window.WindowHeight
            : vertical.First[vertical.Count - 1] + vertical.Length[vertical.Count - 1] - firstRow;
        ReadOnlySpan<byte> input = source[(firstRow * stride)..];
        byte[]? pooled = null;
        if (window.Width != width)
        {
            // The vector kernels write four bytes for a pixel of three, so a row of the middle image has room for one more.
            int middleStride = rowBytes + 5;
            pooled = ArrayPool<byte>.Shared.Rent(checked(middleStride * rows));
            using ResizeTaps taps = ResizeTaps.Create(width, window.Width, window.Left, window.WindowWidth, interpolation);
            Horizontal(input, stride, width, pooled, middleStride, rows, taps, kernel);
            input = pooled;
            stride = middleStride;
        }
        else
        {
            input = input[(window.Left * 3)..];
        }

        if (vertical is null)
        {
            for (int y = 0; y < rows; y++)
                input.Slice(y * stride, rowBytes).CopyTo(destination[(y * rowBytes)..]);
        }
        else if (kernel == ResizeKernel.Avx2)
        {
            Avx2Kernel.Vertical(input, stride, firstRow, destination, rowBytes, vertical);
        }
        else if (kernel == ResizeKernel.Portable)
        {
            PortableKernel.Vertical(input, stride, firstRow, destination, rowBytes, vertical);
        }
        else
        {
            ScalarKernel.Vertical(input, stride, firstRow, destination, rowBytes, vertical);
        }
        vertical?.Dispose();
        if (pooled is not null)
            ArrayPool<byte>.Shared.Return(pooled);
    }

    private static void Horizontal(
        ReadOnlySpan<byte> source,
        int stride,
        int width,
        Span<byte> target,
        int targetStride,
        int rows,
        ResizeTaps taps,
        ResizeKernel kernel
    )
    {
        if (kernel == ResizeKernel.Scalar)
        {
            ScalarKernel.Horizontal(source, stride, target, targetStride, rows, taps);
            return;
        }

        // Rows whose wide loads would leave the span are resampled from a padded copy.
        int reach = kernel == ResizeKernel.Avx2 ? Avx2Kernel.Reach(taps) : width * 3 + 1;
        int safe = (int)Math.Clamp((source.Length - reach) / (long)stride + (source.Length >= reach ? 1 : 0), 0, rows);
        Vectors(source, stride, target, targetStride, safe, taps, kernel);
        int rest = rows - safe;
        if (rest == 0)
            return;
        byte[] padded = ArrayPool<byte>.Shared.Rent(checked(rest * reach));
        for (int y = 0; y < rest; y++)
            source.Slice((safe + y) * stride, width * 3).CopyTo(padded.AsSpan(y * reach));
        Vectors(padded, reach, target[(safe * targetStride)..], targetStride, rest, taps, kernel);
        ArrayPool<byte>.Shared.Return(padded);
    }

    private static void Vectors(
        ReadOnlySpan<byte> source,
        int stride,
        Span<byte> target,
        int targetStride,
        int rows,
        ResizeTaps taps,
        ResizeKernel kernel
    )
    {
        if (rows == 0)
            return;
        if (kernel == ResizeKernel.Avx2)
            Avx2Kernel.Horizontal(source, stride, target, targetStride, rows, taps);
        else
            PortableKernel.Horizontal(source, stride, target, targetStride, rows, taps);
    }
}
