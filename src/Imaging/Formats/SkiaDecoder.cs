// Skia behind the decoder: the one file that knows it (with the PNG writer).

using System.Buffers;
using SkiaSharp;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Decodes with Skia's codecs into un-premultiplied RGBA and no colour management, as PIL has its pixels.</summary>
internal static class SkiaDecoder
{
    /// <summary>Decodes a file whose header was already read and found within the limits.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="leastSide">Where given, a JPEG may come at 1/8, 1/4 or 1/2 of its size, the smallest that has both sides at least this
    /// long.</param>
    public static DecodeResult Decode(ReadOnlyMemory<byte> bytes, ImageHeader header, int? leastSide = null)
    {
        using MemoryHandle pin = bytes.Pin();
        using SKData data = Wrap(pin, bytes.Length);
        using SKCodec? codec = SKCodec.Create(new SKMemoryStream(data), out SKCodecResult opened);
        if (codec is null)
            return Failure(header, opened);

        // The decoder's own idea of the size must be the one that the limits were checked on.
        SKImageInfo info = codec.Info;
        if (info.Width != header.Width || info.Height != header.Height)
            return new DecodeResult(null, header.Format, Reason.DecodeError);
        SKSizeI target = leastSide is { } least && header.Format == "jpeg" ? Reduced(codec, least) : info.Size;
        info = new SKImageInfo(
            target.Width,
            target.Height,
            SKColorType.Rgba8888,
            info.IsOpaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul
        );
        int size = checked(info.Width * info.Height * 4);
        byte[] rgba = size <= 1 << 24 ? ArrayPool<byte>.Shared.Rent(size) : GC.AllocateUninitializedArray<byte>(size);
        try
        {
            SKCodecResult result;
            using (MemoryHandle pixels = rgba.AsMemory().Pin())
                result = codec.GetPixels(info, Address(pixels), info.RowBytes, new SKCodecOptions(SKZeroInitialized.No));
            if (result != SKCodecResult.Success)
                return Failure(header, result);
            int orientation = header.Format == "png" ? PngChunk.Orientation(bytes.Span) : (int)codec.EncodedOrigin;
            return new DecodeResult(PixelPacking.Upright(rgba.AsSpan(0, size), info.Width, info.Height, orientation), header.Format, null);
        }
        finally
        {
            if (size <= 1 << 24)
                ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    /// <summary>The EXIF orientation 1–8 that <see cref="Decode"/> applies to a JPEG or WebP; 1 where the file cannot be opened.</summary>
    public static int Orientation(ReadOnlyMemory<byte> bytes)
    {
        using MemoryHandle pin = bytes.Pin();
        using SKData data = Wrap(pin, bytes.Length);
        using SKCodec? codec = SKCodec.Create(new SKMemoryStream(data));
        return codec is null ? 1 : (int)codec.EncodedOrigin;
    }

    // A JPEG's blocks decode straight to fewer pixels, for a fraction of the work.
    private static SKSizeI Reduced(SKCodec codec, int leastSide)
    {
        foreach (float scale in (ReadOnlySpan<float>)[0.125f, 0.25f, 0.5f])
        {
            SKSizeI size = codec.GetScaledDimensions(scale);
            if (Math.Min(size.Width, size.Height) >= leastSide)
                return size;
        }
        return codec.Info.Size;
    }

    private static DecodeResult Failure(ImageHeader header, SKCodecResult result) =>
        new(null, header.Format, result == SKCodecResult.IncompleteInput ? Reason.Truncated : Reason.DecodeError);

    private static unsafe nint Address(in MemoryHandle handle) => (nint)handle.Pointer;

    private static SKData Wrap(in MemoryHandle handle, int length) => SKData.Create(Address(handle), length);
}
