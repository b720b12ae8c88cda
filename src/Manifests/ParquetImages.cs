// Images within a Parquet file, as Hugging Face datasets have them.

using DataFreeKD.Manifests.Lists;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>An image of a Parquet file.</summary>
/// <param name="Bytes">The image file; null where the row has none.</param>
/// <param name="Row">The row's other columns.</param>
internal sealed record EmbeddedImage(byte[]? Bytes, TableRow Row);

/// <summary>Reads a Parquet file with a column of image files: a struct of <c>bytes</c> and <c>path</c>, or bytes named as images
/// are.</summary>
internal static class ParquetImages
{
    private static readonly string[] Names =
    [
        "image",
        "img",
        "images",
        "picture",
        "photo",
        "jpg",
        "jpeg",
        "png",
        "webp",
        "image_bytes",
        "img_bytes",
        "image_data",
    ];

    /// <summary>Whether there is such a file at the path.</summary>
    /// <exception cref="TableException">A Parquet file that cannot be read.</exception>
    public static bool Fits(string path)
    {
        if (!Path.GetExtension(path).Equals(".parquet", StringComparison.OrdinalIgnoreCase) || !ListReader.IsRegular(path))
            return false;
        using ParquetFile file = new(path);
        return Images(file) is not null;
    }

    /// <summary>Streams the images in the file's order; a row group of them is in memory at a time.</summary>
    /// <exception cref="TableException">The file is damaged.</exception>
    public static IEnumerable<EmbeddedImage> Read(string path, CancellationToken cancel)
    {
        using ParquetFile file = new(path);
        using TableReader table = Table.Open(path);
        if (Images(file) is not { } images)
            yield break;
        for (int group = 0; group < file.Groups; group++)
        {
            byte[]?[] bytes = file.LoadBytes(group, images);
            for (int row = 0; row < bytes.Length && table.Read(); row++)
            {
                cancel.ThrowIfCancellationRequested();
                byte[]? image = bytes[row];
                bytes[row] = null;
                yield return new EmbeddedImage(image, table.Row());
            }
        }
    }

    internal static DataField? Images(ParquetFile file) =>
        file.Fields.OfType<StructField>()
            .Select(group =>
                group.Fields.OfType<DataField>().FirstOrDefault(field => field.Name == "bytes" && ParquetColumn.IsBinary(field.ClrType))
            )
            .FirstOrDefault(field => field is not null)
        ?? file.Fields.OfType<DataField>()
            .FirstOrDefault(field => ParquetColumn.IsBinary(field.ClrType) && Names.Contains(field.Name, StringComparer.OrdinalIgnoreCase));
}
