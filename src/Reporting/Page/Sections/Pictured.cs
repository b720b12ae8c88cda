// An image of the gallery as a template wants it.

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>Makes image views.</summary>
internal static class Pictured
{
    public static ImageView Of(string fullPath, string path, string alt, string caption, bool selected, Gallery gallery)
    {
        GalleryImage image = fullPath.Length > 0 ? gallery[fullPath] : new GalleryImage(null, null, "no path");
        return new ImageView(
            image.Thumbnail?.Source ?? "",
            image.Thumbnail?.Width ?? 0,
            image.Thumbnail?.Height ?? 0,
            alt,
            Wording.Foreign(Wording.FileName(path)),
            Wording.Foreign(path),
            caption,
            image.Attention?.Source ?? "",
            image.Attention?.Width ?? 0,
            image.Attention is null ? "" : $"Where the teacher looks on {Wording.Foreign(Wording.FileName(path))}",
            selected,
            image.Missing.Length == 0 ? "" : ReasonWords.InWords(image.Missing)
        );
    }
}
