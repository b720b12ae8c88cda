// Images within Parquet files, as Hugging Face datasets have them.

using System.Globalization;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

internal static class EmbeddedSource
{
    /// <summary>Streams the images; each goes by its file's name and its row, from 0.</summary>
    public static IEnumerable<FoundImage> Read(string source, long maxBytes, CancellationToken cancel)
    {
        string path = Path.GetFullPath(source);
        long row = 0;
        foreach (EmbeddedImage image in ParquetImages.Read(source, cancel))
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{path}::{row++}");
            string? reason = image.Bytes is null ? Reason.NotFound : image.Bytes.Length == 0 ? Reason.Empty : image.Bytes.LongLength > maxBytes ? Reason.TooLarge : null;
            yield return new FoundImage(new ImageInput(name, reason is null ? image.Bytes : null, reason), image.Row);
        }
    }
}
