// A found image after decoding: what the manifest says of it, and what is stored of it.

using System.Security.Cryptography;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;

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
    public static CheckedImage From(JournalRow row, byte[] bytes, CrawlOptions options)
    {
        DecodeResult decoded = ImageDecoder.Decode(bytes, options.Limits);
        row = row with { Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), Format = decoded.Format, Bytes = bytes.Length };
        if (decoded.Image is not { } image) return new CheckedImage(row with { Status = Status.Failed, Reason = decoded.Reason! }, null);
        row = row with { Width = image.Width, Height = image.Height, PHash = PerceptualHash.Format(PerceptualHash.Compute(image)) };
        if (Math.Min(image.Width, image.Height) < options.MinSide) return new CheckedImage(row with { Status = Status.Rejected, Reason = CrawlRun.TooSmall }, null);

        StoredBytes stored = Reencode.Apply(bytes, decoded.Format, image, options.Reencode);
        return new CheckedImage(row with
        {
            Status = Status.Ok,
            Sha256 = ReferenceEquals(stored.Bytes, bytes) ? row.Sha256 : Convert.ToHexStringLower(SHA256.HashData(stored.Bytes)),
            Format = stored.Format,
            Width = stored.Width,
            Height = stored.Height,
            Bytes = stored.Bytes.Length,
            Colours = options.NearDuplicateRadius is null ? null : ColourSketch.Of(image).Format(),
        }, stored.Bytes);
    }
}
