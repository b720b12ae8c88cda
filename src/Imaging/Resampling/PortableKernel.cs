// The two passes on 128-bit vectors of any processor (NEON, SSE).

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DataFreeKD.Imaging.Resampling;

/// <summary>32-bit multiplies: a pixel's channels in one vector along x, 16 bytes of a row at a time along y.</summary>
internal static class PortableKernel
{
    private const int Half = 1 << (ResizeTaps.PrecisionBits - 1);

    /// <summary>Bytes past a pixel's first byte that the horizontal pass may touch.</summary>
    public const int Overread = 4;

    /// <summary>As <see cref="ScalarKernel.Horizontal"/>; reads up to a byte past the last pixel of a row and writes one past each output
    /// row.</summary>
    public static void Horizontal(
        ReadOnlySpan<byte> source,
        int sourceStride,
        Span<byte> target,
        int targetStride,
        int rows,
        ResizeTaps taps
    )
    {
        ref byte input = ref MemoryMarshal.GetReference(source);
        ref byte output = ref MemoryMarshal.GetReference(target);
        for (int y = 0; y < rows; y++)
        {
            ref byte row = ref Unsafe.Add(ref input, (nint)y * sourceStride);
            ref byte line = ref Unsafe.Add(ref output, (nint)y * targetStride);
            for (int i = 0; i < taps.Count; i++)
            {
                ReadOnlySpan<int> weights = taps.Weights.AsSpan(i * taps.Stride, taps.Length[i]);
                ref byte pixel = ref Unsafe.Add(ref row, taps.First[i] * 3);
                Vector128<int> sum = Vector128.Create(Half);
                for (int k = 0; k < weights.Length; k++)
                {
                    Vector128<byte> bytes = Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref pixel, 3 * k))).AsByte();
                    sum += Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32() * weights[k];
                }
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref line, 3 * i), Pack(sum, sum, sum, sum).AsUInt32().ToScalar());
            }
        }
    }

    /// <summary>As <see cref="ScalarKernel.Vertical"/>, 16 bytes at a time; rows shorter than that go to the scalar code.</summary>
    public static void Vertical(ReadOnlySpan<byte> source, int sourceStride, int firstRow, Span<byte> target, int rowBytes, ResizeTaps taps)
    {
        if (rowBytes < Vector128<byte>.Count)
        {
            ScalarKernel.Vertical(source, sourceStride, firstRow, target, rowBytes, taps);
            return;
        }
        ref byte input = ref MemoryMarshal.GetReference(source);
        ref byte output = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < taps.Count; i++)
        {
            ReadOnlySpan<int> weights = taps.Weights.AsSpan(i * taps.Stride, taps.Length[i]);
            ref byte column = ref Unsafe.Add(ref input, (nint)(taps.First[i] - firstRow) * sourceStride);
            for (int x = 0; x < rowBytes; x += Vector128<byte>.Count)
            {
                // The last block overlaps the one before it, so that no row needs a tail.
                int at = Math.Min(x, rowBytes - Vector128<byte>.Count);
                Vector128<int> a = Vector128.Create(Half),
                    b = a,
                    c = a,
                    d = a;
                for (int k = 0; k < weights.Length; k++)
                {
                    (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(
                        Vector128.LoadUnsafe(ref Unsafe.Add(ref column, (nint)k * sourceStride + at))
                    );
                    a += Vector128.WidenLower(low).AsInt32() * weights[k];
                    b += Vector128.WidenUpper(low).AsInt32() * weights[k];
                    c += Vector128.WidenLower(high).AsInt32() * weights[k];
                    d += Vector128.WidenUpper(high).AsInt32() * weights[k];
                }
                Pack(a, b, c, d).StoreUnsafe(ref Unsafe.Add(ref output, (nint)i * rowBytes + at));
            }
        }
    }

    private static Vector128<byte> Pack(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d) =>
        Vector128.Narrow(Vector128.Narrow(Clip(a), Clip(b)).AsUInt16(), Vector128.Narrow(Clip(c), Clip(d)).AsUInt16());

    private static Vector128<int> Clip(Vector128<int> sum) =>
        Vector128.Min(Vector128.Max(sum >> ResizeTaps.PrecisionBits, Vector128<int>.Zero), Vector128.Create(255));
}
