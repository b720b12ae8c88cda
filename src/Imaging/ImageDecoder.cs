// Bytes to RGB, within limits that are checked before anything is allocated.

using System.Buffers.Binary;
using DataFreeKD.Imaging.Formats;

namespace DataFreeKD.Imaging;

/// <summary>Limits on what is decoded.</summary>
public sealed record DecodeLimits
{
    /// <summary>Largest file, bytes.</summary>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>Largest width × height.</summary>
    public long MaxPixels { get; init; } = 100_000_000;

    /// <summary>Formats that are decoded beside the usual five: of <see cref="FurtherFormats"/>, whose decoder gets no fixes any more, so
    /// that it is not for untrusted bytes.</summary>
    /// <value>None.</value>
    public IReadOnlySet<string> Formats { get; init; } = new HashSet<string>();

    /// <summary><c>tiff</c>, <c>tga</c>, <c>pbm</c>, <c>pgm</c> and <c>ppm</c>.</summary>
    public static IReadOnlySet<string> FurtherFormats { get; } = new HashSet<string> { "tiff", "tga", "pbm", "pgm", "ppm" };

    /// <summary>The usual limits for files of this machine, with all formats that are decoded.</summary>
    public static DecodeLimits Local { get; } = new() { Formats = FurtherFormats };
}

/// <summary>What decoding gave: an image, or a short stable reason (<c>decode_error</c>, <c>too_large</c>, <c>too_many_pixels</c>,
/// <c>too_many_scans</c>, <c>empty</c>, <c>truncated</c>, <c>unknown_format</c>, or with a name after a slash <c>unsupported_format</c> and
/// <c>not_an_image</c>).</summary>
/// <param name="Image">The upright RGB image; null on failure.</param>
/// <param name="Format"><c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>gif</c>, <c>bmp</c>, one of <see cref="DecodeLimits.FurtherFormats"/>, or
/// empty.</param>
/// <param name="Reason">Null on success.</param>
public sealed record DecodeResult(RgbImage? Image, string Format, string? Reason);

/// <summary>What a glance gave: the size of the image and a reduced copy, or a reason as in <see cref="DecodeResult"/>.</summary>
/// <param name="Copy">The upright RGB image, perhaps reduced; null on failure.</param>
/// <param name="Width">Of the upright image itself, pixels; 0 on failure.</param>
/// <param name="Height">Of the upright image itself, pixels; 0 on failure.</param>
/// <param name="Format">As in <see cref="DecodeResult"/>.</param>
/// <param name="Reason">Null on success.</param>
internal sealed record GlanceResult(RgbImage? Copy, int Width, int Height, string Format, string? Reason);

/// <summary>Decodes JPEG, PNG, WebP, GIF and BMP, and where <see cref="DecodeLimits.Formats"/> has them TIFF, Targa and Netpbm: EXIF
/// orientation applied, converted to RGB as PIL's <c>convert("RGB")</c> does (alpha is dropped, not composited).</summary>
public static class ImageDecoder
{
    private static readonly DecodeLimits DefaultLimits = new();

    // What the encoders of PNG and WebP take; no camera, scanner or plotter makes more.
    private const long LongestSide = 1_000_000;

    // A decoder takes some bytes a pixel beside the image: of large ones not as often as there are workers.
    private static readonly SemaphoreSlim OneLarge = new(1, 1);

    /// <summary>Whether JPEGs are decoded by libjpeg-turbo, which this machine has; else by Skia.</summary>
    public static bool HasTurboJpeg => TurboJpeg.Available;

    /// <summary>The format that a file's first bytes tell, as <see cref="DecodeResult.Format"/>; nothing is decoded.</summary>
    /// <param name="start">The file, or its first 32 bytes.</param>
    public static string FormatOf(ReadOnlySpan<byte> start) =>
        ImageHeader.Read(start).Format is { Length: > 0 } format ? format : RasterHeader.Read(start, out _).Format;

    /// <summary>Decodes; never throws for bad input. Thread-safe.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="limits">Null for the defaults.</param>
    public static DecodeResult Decode(ReadOnlyMemory<byte> bytes, DecodeLimits? limits = null) =>
        Decode(bytes, limits ?? DefaultLimits, null, out _);

    /// <summary>Reads the whole file, and so finds what <see cref="Decode(ReadOnlyMemory{byte}, DecodeLimits?)"/> finds, but computes only
    /// as many pixels as a small copy needs. Thread-safe.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="leastSide">Both sides of the copy are at least this long where the image's are, pixels.</param>
    /// <param name="limits">Null for the defaults.</param>
    internal static GlanceResult Glance(ReadOnlyMemory<byte> bytes, int leastSide, DecodeLimits? limits = null)
    {
        DecodeResult decoded = Decode(bytes, limits ?? DefaultLimits, leastSide, out ImageHeader header);
        if (decoded.Image is not { } copy)
            return new GlanceResult(null, 0, 0, decoded.Format, decoded.Reason);
        if (decoded.Format != "jpeg")
            return new GlanceResult(copy, copy.Width, copy.Height, decoded.Format, null);
        // Orientations 5 to 8 lay the image on its side.
        bool turned = SkiaDecoder.Orientation(bytes) > 4;
        return new GlanceResult(
            copy,
            (int)(turned ? header.Height : header.Width),
            (int)(turned ? header.Width : header.Height),
            decoded.Format,
            null
        );
    }

    private static DecodeResult Decode(ReadOnlyMemory<byte> bytes, DecodeLimits limits, int? leastSide, out ImageHeader header)
    {
        header = default;
        if (bytes.IsEmpty)
            return new DecodeResult(null, "", Reason.Empty);
        if (bytes.Length > limits.MaxBytes)
            return new DecodeResult(null, "", Reason.TooLarge);
        header = ImageHeader.Read(bytes.Span);
        TiffLayout? layout = null;
        bool further = false;
        if (
            header.Format.Length == 0
            && limits.Formats.Count > 0
            && RasterHeader.Read(bytes.Span, out layout) is { } raster
            && (limits.Formats.Contains(raster.Format) || (raster.Format.Length == 0 && raster.Reason != Reason.UnknownFormat))
        )
            (header, further) = (raster, true);
        if (header.Reason is not null)
            return new DecodeResult(null, header.Format, header.Reason);

        // An array of .NET ends at 2 GiB: four bytes a pixel bound what any limit may allow.
        long maxPixels = Math.Min(limits.MaxPixels, Array.MaxLength / 4);
        if (header.Exceeds(maxPixels) || Math.Max(header.Width, header.Height) > LongestSide)
            return new DecodeResult(null, header.Format, Reason.TooManyPixels);
        if (header.Format == "jpeg" && JpegScans.TooMany(bytes.Span, header.Width * header.Height))
            return new DecodeResult(null, header.Format, Reason.TooManyScans);
        if (ImageClaim.Fault(header, bytes.Span) is { } claim)
            return new DecodeResult(null, header.Format, claim);
        bool large = header.Width * header.Height > ImageClaim.Large;
        if (large)
        {
            OneLarge.Wait();
            // What the last one left.
            GC.Collect();
        }
        try
        {
            if (further && header.Format is "pbm" or "pgm" or "ppm")
                return NetpbmDecoder.Decode(bytes.Span, header);
            if (further && layout is { IsFax: false })
                return TiffPicture.Decode(bytes, layout);
            if (further)
                return SharpDecoder.Decode(bytes, header, layout);
            if (header.Format == "gif")
                return GifDecoder.Decode(bytes.Span, maxPixels);
            if (header.Format == "png" && Gray16Png.Is(bytes.Span))
                return Gray16Png.Decode(bytes.Span, (int)header.Width, (int)header.Height);
            if (header.Format == "jpeg" && Turbo(bytes, header, leastSide) is { } image)
                return new DecodeResult(image, "jpeg", null);
            if (header.Format == "jpeg" && JpegEnd.Fault(bytes.Span) is { } fault)
                return new DecodeResult(null, "jpeg", fault);
            // A decoder that has its rows does not ask for the rest.
            if (header.Format == "webp" && 8L + BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[4..]) > bytes.Length)
                return new DecodeResult(null, "webp", Reason.Truncated);
            return SkiaDecoder.Decode(bytes, header, leastSide);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return new DecodeResult(null, header.Format, Reason.DecodeError);
        }
        finally
        {
            if (large)
                OneLarge.Release();
        }
    }

    // The common JPEG, several times faster; null is every other.
    private static RgbImage? Turbo(ReadOnlyMemory<byte> bytes, ImageHeader header, int? leastSide)
    {
        if (!TurboJpeg.Available || SkiaDecoder.Orientation(bytes) != 1)
            return null;
        int eighths = 8;
        for (
            int less = 4;
            leastSide is { } least && less >= 1 && Math.Min((header.Width * less + 7) / 8, (header.Height * less + 7) / 8) >= least;
            less /= 2
        )
            eighths = less;
        return TurboJpeg.Decode(bytes.Span, (int)header.Width, (int)header.Height, eighths) is var (pixels, width, height)
            ? new RgbImage(width, height, pixels)
            : null;
    }
}
