// A found image after decoding: what the manifest says of it, and what is stored of it.

using System.Security.Cryptography;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Crawler;

/// <summary>An image that was looked at.</summary>
/// <param name="Row">Its row; <c>ok</c> where it is fit for the store.</param>
/// <param name="Stored">The file to store; null where it is not fit.</param>
internal readonly record struct CheckedImage(JournalRow Row, byte[]? Stored)
{
    /// <summary>Decodes, judges, and brings to the wanted size and format.</summary>
    /// <param name="row">What is known of it so far.</param>
    /// <param name="bytes">The file.</param>
    /// <param name="options">Limits and wishes.</param>
    /// <param name="local">Whether the file lay on this machine, so that all formats are decoded.</param>
    public static CheckedImage From(JournalRow row, byte[] bytes, CrawlOptions options, bool local = false)
    {
        row = row with { Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), Bytes = bytes.Length };
        (RgbImage? image, int width, int height, string format, string? reason) = See(
            bytes,
            local ? options.Limits with { Formats = DecodeLimits.FurtherFormats } : options.Limits,
            options.Reencode
        );
        row = row with { Format = format };
        if (image is null)
            return new CheckedImage(row with { Status = Status.Failed, Reason = reason! }, null);
        row = row with { Width = width, Height = height };
        if (Math.Min(width, height) < options.MinSide)
            return new CheckedImage(row with { Status = Status.Rejected, Reason = Reason.TooSmall, PHash = Hash(image) }, null);

        // What other tools and later stages read is stored, without metadata that nothing here can take out of these formats.
        bool further = DecodeLimits.FurtherFormats.Contains(format);
        StoredBytes stored =
            further && options.Reencode.KeepsPixels ? new StoredBytes(ImageWriter.EncodePng(image), "png", width, height, image)
            : options.Reencode.KeepsPixels ? Reencode.Keep(bytes, format, width, height, image, options.Reencode)
            : Reencode.Apply(bytes, format, image, options.Reencode);
        return new CheckedImage(
            row with
            {
                Status = Status.Ok,
                Sha256 = ReferenceEquals(stored.Bytes, bytes) ? row.Sha256 : Convert.ToHexStringLower(SHA256.HashData(stored.Bytes)),
                Format = stored.Format,
                Width = stored.Width,
                Height = stored.Height,
                Bytes = stored.Bytes.Length,
                PHash = Hash(stored.Pixels),
                Colours = !options.RecordsColours ? null : ColourSketch.Of(stored.Pixels).Format(),
            },
            stored.Bytes
        );
    }

    private static string Hash(RgbImage image) => PerceptualHash.Format(PerceptualHash.Compute(image));

    // Every file is read to its end; all of its pixels are needed only where others are made of them.
    private static GlanceResult See(byte[] bytes, DecodeLimits limits, ReencodeOptions reencode)
    {
        if (reencode.KeepsPixels)
            return ImageDecoder.Glance(bytes, PerceptualHash.LeastSide, limits);
        DecodeResult decoded = ImageDecoder.Decode(bytes, limits);
        return new GlanceResult(decoded.Image, decoded.Image?.Width ?? 0, decoded.Image?.Height ?? 0, decoded.Format, decoded.Reason);
    }
}
