// In which size and format images enter the store.

namespace DataFreeKD.Crawler.Store;

/// <summary>How an image is brought to <see cref="ReencodeOptions.Side"/>; always bicubic, as PIL does it.</summary>
public enum ResizeMode
{
    /// <summary>The size stays.</summary>
    No,

    /// <summary>The shorter side becomes Side, the longer in proportion.</summary>
    KeepRatio,

    /// <summary>The longer side becomes Side, the shorter in proportion.</summary>
    KeepRatioLargest,

    /// <summary>Side × Side: the shorter side becomes Side, then the middle is kept.</summary>
    Crop,

    /// <summary>Side × Side: the longer side becomes Side, then white is added around.</summary>
    Border,
}

/// <summary>The format that images are stored in.</summary>
public enum EncodeFormat
{
    /// <summary>The one they came in. Where a GIF or BMP must be encoded, PNG, since neither can lose pixels.</summary>
    Original,

    /// <summary>JPEG.</summary>
    Jpeg,

    /// <summary>WebP; lossless at quality 100.</summary>
    Webp,

    /// <summary>PNG.</summary>
    Png,
}

/// <summary>What happens to an image on its way into the store. What has the wanted size and format already is not encoded again.</summary>
/// <param name="Side">Pixels; needed by every mode but <see cref="ResizeMode.No"/>.</param>
/// <param name="Mode">What Side measures.</param>
/// <param name="OnlyIfBigger">Smaller images keep their size: Side is compared with the side that it measures.</param>
/// <param name="Format">The format to store.</param>
/// <param name="Quality">1 to 100, of JPEG and WebP.</param>
/// <param name="KeepMetadata">EXIF, XMP and comments stay in files that are not encoded again; encoding always drops them.</param>
public sealed record ReencodeOptions(int? Side, ResizeMode Mode, bool OnlyIfBigger, EncodeFormat Format, int Quality, bool KeepMetadata)
{
    /// <summary>The file as it came, without its metadata.</summary>
    public static ReencodeOptions Keep { get; } = new(null, ResizeMode.No, false, EncodeFormat.Original, 95, false);

    /// <summary>Whether every image keeps its pixels, as encoded.</summary>
    internal bool KeepsPixels => Mode == ResizeMode.No && Format == EncodeFormat.Original;

    /// <summary>Refuses values that no image can be stored with.</summary>
    /// <exception cref="CrawlException">Names the option.</exception>
    internal void Validate()
    {
        if (Mode != ResizeMode.No && Side is null)
            throw new CrawlException($"resizing by {Mode} needs a side; give its pixels");
        if (Side is < 1 or > 16_383)
            throw new CrawlException($"side {Side}: give 1 to 16383 pixels");
        if (Quality is < 1 or > 100)
            throw new CrawlException($"quality {Quality}: give 1 to 100");
    }
}
