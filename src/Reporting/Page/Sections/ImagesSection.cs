// Images of each class: the best, the median, those at the selection's line, the worst; and where the teacher looks on them.

using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>The pool in pictures.</summary>
internal static class ImagesSection
{
    public static SectionView? Of(ReportMaterial material, Gallery gallery)
    {
        if (material.Detail.Showcase.Count == 0 || material.Options.ImagesPerStrip == 0)
            return null;
        int others = material.Survey.Classes.Count - material.Detail.Showcase.Count;
        bool line = material.Detail.Showcase.Any(of => of.Borderline.Picks.Count > 0);
        ImagesView view = new(
            $"Ranked by {Wording.Foreign(material.Ranking!.Name)}{(material.Detail.Showcase is [{ Class.Key: PoolCursor.NoClass }] ? "" : ", within the class that the teacher predicts")}; the number is the score, higher is more useful.{(others > 0 ? $" The {material.Detail.Showcase.Count} most frequent classes are shown, {Wording.Count(others, "is", "are")} not." : "")}",
            material.Options.Selection is not null && !material.RankedAsSelected
                    ? "The selection ranked by something else, so that its line cannot be drawn here. Selected images have a solid frame and a tick."
                : line
                    ? "Borderline images are those nearest to the lowest selected score of their class, on both sides. Selected images have a solid frame and a tick."
                : "",
            material.Options.Attention is null
                ? ""
                : "Beside each image, where the teacher's class token looks: bright and warm where it looks four times as much as an even gaze would, dark where it does not.",
            gallery.LeftOut > 0
                ? $"{Wording.Count(gallery.LeftOut, "picture is", "pictures are")} left out, so that the page stays small."
                : "",
            [.. material.Detail.Showcase.Select(of => Class(of, gallery, material.Options.Selection is not null))]
        );
        return new SectionView("images", "Images", Template.Render("images", view));
    }

    private static ClassView Class(ClassShowcase of, Gallery gallery, bool selection)
    {
        string name = of.Class.Key == PoolCursor.NoClass ? "All images" : Wording.Foreign(of.Class.Name);
        (string Name, Nearest Images)[] strips =
        [
            ("Best", of.Best),
            ("Median", of.Median),
            ("Borderline", of.Borderline),
            ("Worst", of.Worst),
        ];
        return new ClassView(
            name,
            Wording.Count(of.Class.Count, "image"),
            [
                .. strips
                    .Where(strip => strip.Images.Picks.Count > 0)
                    .Select(strip => new StripView(
                        strip.Name,
                        [.. strip.Images.Picks.Select(pick => Image(pick, name, gallery, selection))]
                    )),
            ]
        );
    }

    private static ImageView Image(Pick pick, string className, Gallery gallery, bool selection)
    {
        bool selected = gallery.Selected.Contains(pick.FullPath);
        string file = Wording.Foreign(Wording.FileName(pick.Path)),
            score = Wording.Figure(pick.Score);
        string alt = $"{file}, {className}, score {score}{(selection ? selected ? ", selected" : ", not selected" : "")}";
        return Pictured.Of(pick.FullPath, pick.Path, alt, score, selected, gallery);
    }
}
