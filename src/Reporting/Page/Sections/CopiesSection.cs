// Copies as groups: the same content, and different files that look the same.

using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>Duplicates and near duplicates.</summary>
internal static class CopiesSection
{
    public static SectionView? Of(ReportMaterial material, Gallery gallery)
    {
        List<CopiesView> kinds =
        [
            Kind("Exact copies", "Files of the same content (equal SHA-256).", material.Detail.Contents, gallery, pictures: 1),
        ];
        if (material.Detail.Looks is { } looks)
            kinds.Add(
                Kind(
                    "Look alike",
                    "Different files with nearly the same perceptual hash (4 of 64 bits) and, where the table has them, colours: re-encoded or resized copies, and images without structure, whose hashes mean little.",
                    looks,
                    gallery,
                    pictures: int.MaxValue
                )
            );
        return kinds.All(kind => kind.Groups.Count == 0)
            ? null
            : new SectionView(
                "copies",
                "Copies",
                Template.Render("copies", new CopiesSectionView([.. kinds.Where(kind => kind.Groups.Count > 0)]))
            );
    }

    private static CopiesView Kind(string title, string text, Repeats repeats, Gallery gallery, int pictures)
    {
        string most = repeats.AtLeast ? "at least " : "";
        string shown = repeats.Groups > repeats.Largest.Count ? $" The {repeats.Largest.Count} largest groups are shown." : "";
        return new CopiesView(
            title,
            $"{text} {Wording.Count(repeats.Groups, "group")} with {most}{Wording.Count(repeats.Extra, "image")} too many.{shown}",
            [.. repeats.Largest.Select(group => Group(group, gallery, pictures))]
        );
    }

    private static GroupView Group(RepeatGroup group, Gallery gallery, int pictures)
    {
        ImageView[] images =
        [
            .. group
                .Paths.Take(pictures)
                .Select(path => Pictured.Of(path.FullPath, path.Path, Wording.Foreign(Wording.FileName(path.Path)), "", false, gallery)),
        ];
        int more = group.Count - group.Paths.Count;
        return new GroupView(
            $"{Wording.Number(group.Count)} files",
            images,
            [.. group.Paths.Select(path => Wording.Foreign(path.Path))],
            more > 0 ? $"and {Wording.Number(more)} more" : ""
        );
    }
}
