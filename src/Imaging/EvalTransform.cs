// The evaluation transform of timm: resize the short side, centre crop, normalise.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DataFreeKD.Imaging;

/// <summary>How an image becomes a model's input, by what its <see cref="Preprocessing"/> says.</summary>
public static class EvalTransform
{
    /// <summary>How long both sides of an image must be, at least, for the resize to lose nothing but by its filter: the short side before
    /// the crop. What <see cref="ImageDecoder.Glance"/> takes.</summary>
    public static int LeastSide(this Preprocessing to) =>
        to.Squash ? to.ImageSize : Math.Max(to.ImageSize, (int)Math.Floor(to.ImageSize / to.CropPct));

    /// <summary>Resize and crop only: <c>[ImageSize, ImageSize, 3]</c>. The pixels that the crop drops are not computed.</summary>
    /// <exception cref="InvalidOperationException">ImageSize or CropPct is out of range.</exception>
    public static RgbImage Apply(this Preprocessing to, RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        int side = to.ImageSize;
        if (side < 1)
            throw new InvalidOperationException($"ImageSize is {side}: it must be at least 1");
        if (to.Squash)
            return PilResize.Resize(image, side, side, to.Interpolation);
        if (!(to.CropPct > 0 && to.CropPct <= 1))
            throw new InvalidOperationException(FormattableString.Invariant($"CropPct is {to.CropPct}: it must be in (0, 1]"));
        (int width, int height) = to.ResizedSize(image.Width, image.Height);
        return PilResize.ResizeAndCrop(image, width, height, Offset(width, side), Offset(height, side), side, side, to.Interpolation);
    }

    /// <summary>Normalises HWC bytes into CHW floats: <c>(x/255 − mean)/std</c>, each step rounded to float as torchvision's ToTensor and
    /// Normalize do. <paramref name="destination"/> holds <c>3 * size * size</c>.</summary>
    public static void Normalise(this Preprocessing to, RgbImage cropped, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(cropped);
        to.Normalise(cropped.Pixels, destination);
    }

    /// <summary>As the other overload, of bare HWC bytes: <paramref name="pixels"/> and <paramref name="destination"/> are equally
    /// long.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or are no multiple of 3.</exception>
    public static void Normalise(this Preprocessing to, ReadOnlySpan<byte> pixels, Span<float> destination)
    {
        if (pixels.Length != destination.Length || pixels.Length % 3 != 0)
            throw new ArgumentException($"{pixels.Length} bytes of RGB do not fill {destination.Length} floats", nameof(destination));
        int plane = pixels.Length / 3;
        for (int channel = 0; channel < 3; channel++)
            Plane(pixels, channel, to.Mean[channel], to.Std[channel], destination.Slice(channel * plane, plane));
    }

    /// <summary>The size before the crop: short side ⌊ImageSize / CropPct⌋, long side floored in proportion.</summary>
    internal static (int Width, int Height) ResizedSize(this Preprocessing to, int width, int height)
    {
        int shortSide = to.LeastSide();
        return width <= height
            ? (shortSide, checked((int)((long)shortSide * height / width)))
            : (checked((int)((long)shortSide * width / height)), shortSide);
    }

    // Python's round: halves go to the even neighbour.
    private static int Offset(int side, int crop) => (int)Math.Round((side - crop) / 2.0, MidpointRounding.ToEven);

    private static void Plane(ReadOnlySpan<byte> pixels, int channel, float mean, float std, Span<float> plane)
    {
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ref byte input = ref MemoryMarshal.GetReference(pixels);
            ref float output = ref MemoryMarshal.GetReference(plane);
            Vector128<byte> first = Gather(channel, 0),
                second = Gather(channel, 16),
                third = Gather(channel, 32);
            for (; i <= plane.Length - 16; i += 16)
            {
                ref byte block = ref Unsafe.Add(ref input, 3 * i);
                Vector128<byte> bytes =
                    Vector128.ShuffleNative(Vector128.LoadUnsafe(ref block), first) & Below(first)
                    | Vector128.ShuffleNative(Vector128.LoadUnsafe(ref block, 16), second) & Below(second)
                    | Vector128.ShuffleNative(Vector128.LoadUnsafe(ref block, 32), third) & Below(third);
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(bytes);
                Vector256<float> a = Vector256.ConvertToSingle(
                    Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low)).AsInt32()
                );
                Vector256<float> b = Vector256.ConvertToSingle(
                    Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high)).AsInt32()
                );
                ((a / 255f - Vector256.Create(mean)) / std).StoreUnsafe(ref output, (nuint)i);
                ((b / 255f - Vector256.Create(mean)) / std).StoreUnsafe(ref output, (nuint)i + 8);
            }
        }
        for (; i < plane.Length; i++)
            plane[i] = (pixels[3 * i + channel] / 255f - mean) / std;
    }

    // Which bytes of the 16 at `offset` of a 48-byte block are the channel of pixels 0..15; 0x80 where the pixel is not there.
    private static Vector128<byte> Gather(int channel, int offset)
    {
        Span<byte> indices = stackalloc byte[16];
        for (int pixel = 0; pixel < 16; pixel++)
        {
            int at = 3 * pixel + channel - offset;
            indices[pixel] = at is >= 0 and < 16 ? (byte)at : (byte)0x80;
        }
        return Vector128.Create<byte>(indices);
    }

    // Native shuffles differ in what they give for 0x80 across processors: such lanes are cleared.
    private static Vector128<byte> Below(Vector128<byte> indices) => Vector128.LessThan(indices, Vector128.Create((byte)0x80));
}
