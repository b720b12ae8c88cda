// Skia behind the decoder: the one file that knows it (with the PNG writer).

using System.Buffers;
using SkiaSharp;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Decodes with Skia's codecs into un-premultiplied RGBA and no colour management, as PIL has its pixels.</summary>
internal static class SkiaDecoder
{
    /// <summary>Decodes a file whose header was already read and found within the limits.</summary>
    public static DecodeResult Decode(ReadOnlyMemory<byte> bytes, ImageHeader header)
    {
        using MemoryHandle pin = bytes.Pin();
        using SKData data = Wrap(pin, bytes.Length);
        using SKCodec? codec = SKCodec.Create(new SKMemoryStream(data), out SKCodecResult opened);
        if (codec is null) return Failure(header, opened);

        // The decoder's own idea of the size must be the one that the limits were checked on.
        SKImageInfo info = codec.Info;
        if (info.Width != header.Width || info.Height != header.Height) return new DecodeResult(null, header.Format, DecodeReason.DecodeError);
        info = new SKImageInfo(info.Width, info.Height, SKColorType.Rgba8888, info.IsOpaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        int size = checked(info.Width * info.Height * 4);
        byte[] rgba = size <= 1 << 24 ? ArrayPool<byte>.Shared.Rent(size) : GC.AllocateUninitializedArray<byte>(size);
        try
        {
            SKCodecResult result;
            using (MemoryHandle target = rgba.AsMemory().Pin()) result = codec.GetPixels(info, Address(target), info.RowBytes, new SKCodecOptions(SKZeroInitialized.No));
            if (result != SKCodecResult.Success) return Failure(header, result);
            int orientation = header.Format == "png" ? PngChunk.Orientation(bytes.Span) : (int)codec.EncodedOrigin;
            return new DecodeResult(PixelPacking.Upright(rgba.AsSpan(0, size), info.Width, info.Height, orientation), header.Format, null);
        }
        finally
        {
            if (size <= 1 << 24) ArrayPool<byte>.Shared.Return(rgba);
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

    private static DecodeResult Failure(ImageHeader header, SKCodecResult result) =>
        new(null, header.Format, result == SKCodecResult.IncompleteInput ? DecodeReason.Truncated : DecodeReason.DecodeError);

    private static unsafe nint Address(in MemoryHandle handle) => (nint)handle.Pointer;

    private static SKData Wrap(in MemoryHandle handle, int length) => SKData.Create(Address(handle), length);
}
