// A found image after decoding: what the manifest says of it.

using System.Security.Cryptography;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler;

/// <summary>The content's facts; Reason is null where the image is fit for the store.</summary>
internal sealed record CheckedImage(FoundImage Found, string Sha256, int Width, int Height, string Format, ulong? PerceptualHash, string? Reason)
{
    public static CheckedImage From(FoundImage found, CrawlOptions options)
    {
        if (found.Image.Bytes is not { } bytes) return new CheckedImage(found, "", 0, 0, "", null, found.Image.Reason ?? "unreadable");
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        DecodeResult decoded = ImageDecoder.Decode(bytes, options.Limits);
        if (decoded.Image is not { } image) return new CheckedImage(found, sha256, 0, 0, decoded.Format, null, decoded.Reason);
        string? reason = Math.Min(image.Width, image.Height) < options.MinSide ? CrawlRun.TooSmall : null;
        return new CheckedImage(found, sha256, image.Width, image.Height, decoded.Format, Imaging.PerceptualHash.Compute(image), reason);
    }
}
