// The two passes on AVX2: 16-bit multiply-adds of pairs of taps, exact because each weight is split in two.

using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataFreeKD.Imaging.Resampling;

/// <summary>
/// A weight <c>w</c> is <c>(h &lt;&lt; 11) + l</c> with <c>l</c> in 0..2047 and <c>h</c> a signed 13-bit number, so that both fit 16-bit
/// multiplies:
/// <c>Σ p·w = (Σ p·h &lt;&lt; 11) + Σ p·l</c> in 32-bit arithmetic without any rounding.
/// </summary>
internal static class Avx2Kernel
{
    private const int LowBits = 11;
    private const int Half = 1 << (ResizeTaps.PrecisionBits - 1);

    /// <summary>Taps that one step of the horizontal pass takes.</summary>
    private const int Group = 4;

    /// <summary>The furthest byte of a row, past its start, that the horizontal pass may read.</summary>
    public static int Reach(ResizeTaps taps)
    {
        int reach = 0;
        for (int i = 0; i < taps.Count; i++)
            reach = Math.Max(reach, 3 * (taps.First[i] + (taps.Length[i] + Group - 1) / Group * Group) + 4);
        return reach;
    }

    /// <summary>As <see cref="ScalarKernel.Horizontal"/>, four rows at a time; reads up to <see cref="Reach"/> bytes of each row and writes
    /// a byte past each output row.</summary>
    public static void Horizontal(
        ReadOnlySpan<byte> source,
        int sourceStride,
        Span<byte> target,
        int targetStride,
        int rows,
        ResizeTaps taps
    )
    {
        int groups = (taps.Stride + Group - 1) / Group;
        short[] pooled = ArrayPool<short>.Shared.Rent(taps.Count * groups * 32);
        SpreadWeights(taps, groups, pooled);
        ref short weights = ref MemoryMarshal.GetArrayDataReference(pooled);
        ref byte input = ref MemoryMarshal.GetReference(source);
        ref byte output = ref MemoryMarshal.GetReference(target);

        // Lane 0 takes taps 0 and 1, lane 1 taps 2 and 3: r r g g b b as 16-bit pairs.
        Vector256<byte> spread = Vector256.Create(
            (byte)0,
            0x80,
            3,
            0x80,
            1,
            0x80,
            4,
            0x80,
            2,
            0x80,
            5,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80,
            6,
            0x80,
            9,
            0x80,
            7,
            0x80,
            10,
            0x80,
            8,
            0x80,
            11,
            0x80,
            0x80,
            0x80,
            0x80,
            0x80
        );
        for (int y = 0; y < rows; y += 4)
        {
            // A short last block repeats its last row instead of having code of its own.
            int y1 = Math.Min(y + 1, rows - 1),
                y2 = Math.Min(y + 2, rows - 1),
                y3 = Math.Min(y + 3, rows - 1);
            ref byte in0 = ref Unsafe.Add(ref input, (nint)y * sourceStride);
            ref byte in1 = ref Unsafe.Add(ref input, (nint)y1 * sourceStride);
            ref byte in2 = ref Unsafe.Add(ref input, (nint)y2 * sourceStride);
            ref byte in3 = ref Unsafe.Add(ref input, (nint)y3 * sourceStride);
            ref byte out0 = ref Unsafe.Add(ref output, (nint)y * targetStride);
            ref byte out1 = ref Unsafe.Add(ref output, (nint)y1 * targetStride);
            ref byte out2 = ref Unsafe.Add(ref output, (nint)y2 * targetStride);
            ref byte out3 = ref Unsafe.Add(ref output, (nint)y3 * targetStride);
            for (int i = 0; i < taps.Count; i++)
            {
                nint at = 3 * taps.First[i];
                nint end = at + 3 * taps.Length[i];
                ref short weight = ref Unsafe.Add(ref weights, (nint)i * groups * 32);
                Vector256<int> h0 = default,
                    h1 = default,
                    h2 = default,
                    h3 = default,
                    l0 = default,
                    l1 = default,
                    l2 = default,
                    l3 = default;
                for (; at < end; at += 3 * Group)
                {
                    Vector256<short> high = Vector256.LoadUnsafe(ref weight);
                    Vector256<short> low = Vector256.LoadUnsafe(ref weight, 16);
                    Vector256<short> p0 = Load(ref in0, at, spread),
                        p1 = Load(ref in1, at, spread);
                    h0 += Avx2.MultiplyAddAdjacent(p0, high);
                    l0 += Avx2.MultiplyAddAdjacent(p0, low);
                    h1 += Avx2.MultiplyAddAdjacent(p1, high);
                    l1 += Avx2.MultiplyAddAdjacent(p1, low);
                    Vector256<short> p2 = Load(ref in2, at, spread),
                        p3 = Load(ref in3, at, spread);
                    h2 += Avx2.MultiplyAddAdjacent(p2, high);
                    l2 += Avx2.MultiplyAddAdjacent(p2, low);
                    h3 += Avx2.MultiplyAddAdjacent(p3, high);
                    l3 += Avx2.MultiplyAddAdjacent(p3, low);
                    weight = ref Unsafe.Add(ref weight, 32);
                }
                Vector128<uint> pixels = Sse2.PackUnsignedSaturate(
                        Sse2.PackSignedSaturate(Fold(h0, l0), Fold(h1, l1)),
                        Sse2.PackSignedSaturate(Fold(h2, l2), Fold(h3, l3))
                    )
                    .AsUInt32();
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref out0, 3 * i), pixels.ToScalar());
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref out1, 3 * i), pixels.GetElement(1));
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref out2, 3 * i), pixels.GetElement(2));
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref out3, 3 * i), pixels.GetElement(3));
            }
        }
        ArrayPool<short>.Shared.Return(pooled);
    }

    /// <summary>As <see cref="ScalarKernel.Vertical"/>, 32 bytes and two taps at a time; shorter rows go to the portable code.</summary>
    public static void Vertical(ReadOnlySpan<byte> source, int sourceStride, int firstRow, Span<byte> target, int rowBytes, ResizeTaps taps)
    {
        if (rowBytes < Vector256<byte>.Count)
        {
            PortableKernel.Vertical(source, sourceStride, firstRow, target, rowBytes, taps);
            return;
        }
        ref byte input = ref MemoryMarshal.GetReference(source);
        ref byte output = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < taps.Count; i++)
        {
            ReadOnlySpan<int> weights = taps.Weights.AsSpan(i * taps.Stride, taps.Length[i]);
            ref byte column = ref Unsafe.Add(ref input, (nint)(taps.First[i] - firstRow) * sourceStride);
            for (int x = 0; x < rowBytes; x += Vector256<byte>.Count)
            {
                int at = Math.Min(x, rowBytes - Vector256<byte>.Count);
                Column(ref Unsafe.Add(ref column, at), sourceStride, weights)
                    .StoreUnsafe(ref Unsafe.Add(ref output, (nint)i * rowBytes + at));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Column(ref byte column, nint stride, ReadOnlySpan<int> weights)
    {
        Vector256<int> h0 = default,
            h1 = default,
            h2 = default,
            h3 = default,
            l0 = default,
            l1 = default,
            l2 = default,
            l3 = default;
        for (int k = 0; k < weights.Length; k += 2)
        {
            // An odd last tap is paired with itself at weight zero: the row below may not exist.
            int first = weights[k],
                second = k + 1 < weights.Length ? weights[k + 1] : 0;
            Vector256<short> high = Vector256.Create((first >> LowBits & 0xffff) | (second >> LowBits << 16)).AsInt16();
            Vector256<short> low = Vector256.Create((first & ((1 << LowBits) - 1)) | ((second & ((1 << LowBits) - 1)) << 16)).AsInt16();
            Vector256<byte> a = Vector256.LoadUnsafe(ref column);
            Vector256<byte> b = k + 1 < weights.Length ? Vector256.LoadUnsafe(ref Unsafe.Add(ref column, stride)) : a;
            column = ref Unsafe.Add(ref column, 2 * stride);
            Vector256<byte> lower = Avx2.UnpackLow(a, b),
                upper = Avx2.UnpackHigh(a, b);
            Vector256<short> p0 = Avx2.UnpackLow(lower, Vector256<byte>.Zero).AsInt16(),
                p1 = Avx2.UnpackHigh(lower, Vector256<byte>.Zero).AsInt16();
            Vector256<short> p2 = Avx2.UnpackLow(upper, Vector256<byte>.Zero).AsInt16(),
                p3 = Avx2.UnpackHigh(upper, Vector256<byte>.Zero).AsInt16();
            h0 += Avx2.MultiplyAddAdjacent(p0, high);
            l0 += Avx2.MultiplyAddAdjacent(p0, low);
            h1 += Avx2.MultiplyAddAdjacent(p1, high);
            l1 += Avx2.MultiplyAddAdjacent(p1, low);
            h2 += Avx2.MultiplyAddAdjacent(p2, high);
            l2 += Avx2.MultiplyAddAdjacent(p2, low);
            h3 += Avx2.MultiplyAddAdjacent(p3, high);
            l3 += Avx2.MultiplyAddAdjacent(p3, low);
        }
        return Avx2.PackUnsignedSaturate(
            Avx2.PackSignedSaturate(Round(h0, l0), Round(h1, l1)),
            Avx2.PackSignedSaturate(Round(h2, l2), Round(h3, l3))
        );
    }

    // [count, groups, 32]: 16 high halves (taps 0 1 for each channel, then 2 3), then 16 low halves.
    private static void SpreadWeights(ResizeTaps taps, int groups, short[] spread)
    {
        for (int i = 0; i < taps.Count; i++)
        {
            for (int g = 0; g < groups; g++)
            {
                Span<int> block = MemoryMarshal.Cast<short, int>(spread.AsSpan((i * groups + g) * 32, 32));
                for (int pair = 0; pair < 2; pair++)
                {
                    int k = g * Group + pair * 2;
                    int first = k < taps.Stride ? taps.Weights[i * taps.Stride + k] : 0;
                    int second = k + 1 < taps.Stride ? taps.Weights[i * taps.Stride + k + 1] : 0;
                    block.Slice(pair * 4, 4).Fill((first >> LowBits & 0xffff) | (second >> LowBits << 16));
                    block.Slice(8 + pair * 4, 4).Fill((first & ((1 << LowBits) - 1)) | ((second & ((1 << LowBits) - 1)) << 16));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Load(ref byte row, nint at, Vector256<byte> spread)
    {
        Vector128<byte> bytes = Vector128.LoadUnsafe(ref Unsafe.Add(ref row, at));
        return Avx2.Shuffle(Vector256.Create(bytes, bytes), spread).AsInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Fold(Vector256<int> high, Vector256<int> low)
    {
        Vector256<int> sum = (high << LowBits) + low;
        return (sum.GetLower() + sum.GetUpper() + Vector128.Create(Half)) >> ResizeTaps.PrecisionBits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(Vector256<int> high, Vector256<int> low) =>
        ((high << LowBits) + low + Vector256.Create(Half)) >> ResizeTaps.PrecisionBits;
}
