// The top of the page: how much of the pool is of use, how much was taken, what was dropped and why.

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>The pool in a few sentences.</summary>
internal static class SummarySection
{
    public static SectionView Of(ReportMaterial material, IReadOnlyList<string> warnings)
    {
        SummaryView view = new([.. Sentences(material)], [.. Facts(material)], warnings);
        return new SectionView("summary", "Summary", Template.Render("summary", view));
    }

    private static IEnumerable<string> Sentences(ReportMaterial material)
    {
        long rows = material.Survey.Rows,
            usable = material.Survey.Usable;
        yield return usable == rows
            ? $"All {Wording.Count(rows, "image")} of the pool could be read and scored."
            : $"{Wording.Number(usable)} of {Wording.Count(rows, "image")} ({Wording.Percent(usable, rows)}) could be read and scored; {Wording.Number(rows - usable)} could not: {Reasons(material)}.";
        if (material.Selection is { } selection)
        {
            string method = material.Origins.Selection?.Options.GetValueOrDefault("method") is { } name
                ? $" by {Wording.Foreign(name)}"
                : "";
            yield return $"{Wording.Count(selection.Rows, "image")} were selected{method}: {Wording.Percent(selection.Rows, usable)} of those that can be used, from {Wording.Count(selection.Classes.Count, "predicted class", "predicted classes")}.";
            if (selection.Lowest.Count > 0 && material.Detail.AsGood - selection.Rows is > 0 and var more)
                yield return $"{Wording.Count(more, "more image")} score as high as the lowest selected image of some class; they were left out as copies or because their own class had its share. A larger budget would take them first.";
        }
        else
        {
            yield return "Nothing was selected yet; with a selection this page shows where its line falls.";
        }
        if (material.Survey.Sure is { } sure)
            yield return $"The teacher gives its first choice at least half of the probability on {Wording.Number(sure)} of the usable images ({Wording.Percent(sure, usable)}).";
        if (material.Detail.Contents is { Extra: > 0 } copies)
            yield return $"{(copies.AtLeast ? "At least " : "")}{Wording.Count(copies.Extra, "image")} {(copies.Extra == 1 ? "is an exact copy" : "are exact copies")} of others.";
    }

    private static IEnumerable<FactView> Facts(ReportMaterial material)
    {
        long usable = material.Survey.Usable;
        yield return new FactView("in the pool", Wording.Number(material.Survey.Rows), "");
        yield return new FactView("usable", Wording.Number(usable), Wording.Percent(usable, material.Survey.Rows));
        if (material.Selection is { } selection)
            yield return new FactView("selected", Wording.Number(selection.Rows), Wording.Percent(selection.Rows, usable) + " of usable");
        if (material.Survey.Classes.Count(of => of.Key >= 0) is > 0 and var classes)
            yield return new FactView(
                "classes predicted",
                Wording.Number(classes),
                material.Options.Teacher is { Classes: > 0 } teacher ? $"of {Wording.Number(teacher.Classes)}" : ""
            );
        yield return new FactView(
            "exact copies",
            (material.Detail.Contents.AtLeast ? "≥ " : "") + Wording.Number(material.Detail.Contents.Extra),
            ""
        );
        if (material.Options.Confusion is { } confusion)
            yield return new FactView(
                "student's top-1",
                Wording.Percent(confusion.Counts.Index().Sum(row => row.Item[row.Index]), confusion.Counts.Sum(row => row.Sum())),
                ""
            );
    }

    private static string Reasons(ReportMaterial material)
    {
        KeyValuePair<string, long>[] others = [.. material.Survey.Counts.Where(pair => !IsOk(pair.Key))];
        IEnumerable<string> named = others.Take(3).Select(pair => $"{Wording.Number(pair.Value)} {ReasonWords.InWords(pair.Key)}");
        return string.Join(
            ", ",
            others.Length > 3 ? named.Append($"{Wording.Number(others.Skip(3).Sum(pair => pair.Value))} for other reasons") : named
        );
    }

    private static bool IsOk(string key) => key == Status.Ok || key.StartsWith(Status.Ok + "/", StringComparison.Ordinal);
}
