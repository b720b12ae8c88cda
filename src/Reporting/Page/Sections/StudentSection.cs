// The student: how its training went, and what it confuses.

using DataFreeKD.Reporting.Plots;

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>Training curves and confusions.</summary>
internal static class StudentSection
{
    public static SectionView? Of(ReportMaterial material, CancellationToken cancel)
    {
        IReadOnlyList<TrainingCurve> curves = material.Options.Student is { } student ? TrainingCurves.Read(student, cancel) : [];
        if (curves.Count == 0 && material.Options.Confusion is null)
            return null;
        PlotView[] plots = [.. curves.Select(Plot)];
        string text = material.Options.Student is { } of ? $"{Wording.Foreign(of)}{(curves.Count == 0 ? ": no training curves" : "")}" : "";
        return new SectionView(
            "student",
            "Student",
            Template.Render(
                "student",
                new StudentView(text, plots, material.Options.Confusion is { } confusion ? Confusions.View(confusion) : null)
            )
        );
    }

    private static PlotView Plot(TrainingCurve curve, int at)
    {
        string id = $"curve-{at}";
        IReadOnlyList<(double X, double Y)> points = curve.Points;
        string title = Wording.Foreign(curve.Title);
        string text =
            points.Count == 1
                ? $"{Wording.Figure(points[0].Y)} at step {Wording.Figure(points[0].X)}."
                : $"From {Wording.Figure(points[0].Y)} at step {Wording.Figure(points[0].X)} to {Wording.Figure(points[^1].Y)} at step {Wording.Figure(points[^1].X)}.";
        TableView table = new(
            $"{title} by step",
            ["step", title],
            [.. points.Select(point => (string[])[Wording.Figure(point.X), Wording.Figure(point.Y)])]
        );
        return new PlotView(
            id,
            title,
            text,
            Draw.Curves(
                [new Curve(title, points)],
                id,
                $"Curve of {title} over the steps of training. {text} The figures are in the table below."
            ),
            [],
            table
        );
    }
}
