// What a careful reader would notice before trusting the figures.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Page;

/// <summary>Notices what is odd about a pool, its teacher or its selection. Each warning says what was seen, what it means and what to
/// do.</summary>
internal static class Warnings
{
    // A DeiT-Tiny of random weights has a median entropy of 0.99 of ln C and a median variance of 0.0015 on photographs; a trained CIFAR-10
    // ViT 0.57 and 1.1 on a wild pool.
    private const double NearUniform = 0.95,
        FlatProbe = 0.01;

    private const int Tiny = 100;

    public static IReadOnlyList<string> Of(ReportMaterial material, Gallery gallery) =>
        [.. Teacher(material).Concat(Pool(material)).Concat(Selection(material)).Concat(Images(material, gallery))];

    private static IEnumerable<string> Teacher(ReportMaterial material)
    {
        PoolSurvey survey = material.Survey;
        if (survey.Usable == 0)
            yield break;
        bool headless = survey.Classes.All(of => of.Key == PoolCursor.NoClass) && survey.Of("entropy") is null;
        if (headless)
            yield return "The teacher has no classification head: there are no predictions, and only its attention can rank the images. Score with the teacher's fine-tuned weights if there are any.";
        double flat = survey
            .Columns.Index()
            .Where(pair => Columns.ProbeBlock(pair.Item.Name, "probe_variance_") is not null)
            .Select(pair => survey.Samples[pair.Index].Quantile(0.5))
            .DefaultIfEmpty(double.NaN)
            .Max();
        if (LikelyUntrained(material) is { } seen)
            yield return $"The teacher seems untrained: {seen}. Its scores mean nothing; check that the checkpoint holds trained weights.";
        else if (flat < FlatProbe)
            yield return $"The teacher's attention is nearly the same everywhere, on all images and in all probed blocks (median variance at most {Wording.Figure(flat)}). The attention probe cannot tell images apart; {(headless ? "" : "rank by entropy or energy, or ")}check the weights.";
    }

    private static string? LikelyUntrained(ReportMaterial material)
    {
        PoolSurvey survey = material.Survey;
        // Classes that were never predicted are not in the table; a head of more classes only makes ln C larger, so that fewer are taken
        // for untrained.
        int classes = material.Options.Teacher is { Classes: > 0 } teacher
            ? teacher.Classes
            : (int)Math.Min(int.MaxValue, survey.Classes.Max(of => of.Key) + 1);
        if (classes < 2 || survey.Of("entropy") is not { } entropy)
            return null;
        double most = Math.Log(classes),
            median = entropy.Quantile(0.5);
        return median < NearUniform * most
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"on half of the images its prediction is all but even over {classes:N0} classes (median entropy {median:0.00} of at most {Math.Max(most, median):0.00} nats)"
            );
    }

    private static IEnumerable<string> Pool(ReportMaterial material)
    {
        PoolSurvey survey = material.Survey;
        if (survey.Usable == 0)
            yield return "No image of the pool is usable; the table of what was removed says why.";
        else if (survey.Usable * 2 < survey.Rows)
            yield return $"More than half of the files could not be used ({Wording.Percent(survey.Rows - survey.Usable, survey.Rows)}); see what was removed.";
        if (survey.Usable is > 0 and < Tiny)
            yield return $"The pool is tiny ({Wording.Count(survey.Usable, "usable image")}): shares and percentiles are rough.";
        if (Dominant(survey.Classes.Select(of => (of.Name, of.Key, of.Count)), survey.Usable) is { } found)
            yield return found.Share >= 0.9
                ? $"Nearly all images are predicted to be {found.Name} ({Wording.Percent(found.Share, 1)}). Either the pool is of one kind, or the teacher does not know what it sees."
                : $"One class, {found.Name}, makes up {Wording.Percent(found.Share, 1)} of the pool; a selection of equal shares takes far weaker images of the others.";
        if (material.Detail.Contents.Extra * 5 > survey.Usable)
            yield return $"{Wording.Percent(material.Detail.Contents.Extra, survey.Usable)} of the usable images are exact copies of others: the pool is smaller than it looks.";
    }

    private static IEnumerable<string> Selection(ReportMaterial material)
    {
        if (material.Selection is not { } selection)
            yield break;
        if (material.Origins.SelectionFits == false)
            yield return "The selection was made from another scores table than this one; compare with care, or select again.";
        if (selection.Rows == 0)
            yield return "The selection is empty.";
        if (material.Survey.Usable > 0 && selection.Rows * 10 >= material.Survey.Usable * 9)
            yield return $"The selection keeps {Wording.Percent(selection.Rows, material.Survey.Usable)} of the usable images: it hardly selects.";
        IEnumerable<(string Name, long Key, long Count)> classes = material.Survey.Classes.Select(of =>
            (of.Name, of.Key, selection.Classes.GetValueOrDefault(of.Key))
        );
        if (selection.Rows > 0 && Dominant(classes, selection.Rows) is { } found)
            yield return $"One class, {found.Name}, makes up {Wording.Percent(found.Share, 1)} of the selection.";
    }

    private static IEnumerable<string> Images(ReportMaterial material, Gallery gallery)
    {
        if (material.Ranking is null && material.Survey.Usable > 0)
            yield return "The table has no score to rank by; there are no best and worst images.";
        if (gallery.Unreadable > 0)
            yield return gallery.Unreadable == gallery.Wanted
                ? "None of the images to show could be read. Were they moved? Paths in a table are relative to the table's own folder."
                : $"{Wording.Number(gallery.Unreadable)} of {Wording.Count(gallery.Wanted, "image")} to show could not be read.";
    }

    // Half of all, where there are classes enough for that to be odd.
    private static (string Name, double Share)? Dominant(IEnumerable<(string Name, long Key, long Count)> classes, long total)
    {
        (string Name, long Key, long Count)[] all = [.. classes.Where(of => of.Key != PoolCursor.NoClass)];
        if (all.Length == 0 || total == 0)
            return null;
        (string name, _, long count) = all.MaxBy(of => of.Count);
        double share = (double)count / total;
        return share >= 0.9 || (share >= 0.5 && all.Length >= 3) ? (Wording.Foreign(name), share) : null;
    }
}
