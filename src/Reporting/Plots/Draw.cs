// The three kinds of plots of a report, drawn by OxyPlot.

using System.Globalization;
using DataFreeKD.Reporting.Pool;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace DataFreeKD.Reporting.Plots;

/// <summary>A vertical line of a histogram.</summary>
internal sealed record Mark(double At, string Label);

/// <summary>A curve over steps.</summary>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws histograms, bars and curves as SVG.</summary>
internal static class Draw
{
    private const double Width = 400,
        Height = 220;

    // The library measures text in a narrow font; the page's may be a wide one. Units beside numbers, and a letter of a name.
    private const double NumberRoom = 14,
        LetterRoom = 2.8;

    /// <summary>Shares by bin of the pool (filled) and of the selection (a line), with marks.</summary>
    public static string Histogram(Histogram pool, Histogram? selected, IReadOnlyList<Mark> marks, string id, string title)
    {
        PlotModel model = Model();
        Bins bins = pool.Bins;
        Axis x = bins.Logarithmic ? new LogarithmicAxis { UseSuperExponentialFormat = false } : new LinearAxis();
        (x.Position, x.Minimum, x.Maximum) = (AxisPosition.Bottom, bins.Edges[0], bins.Edges[^1]);
        model.Axes.Add(Styled(x));
        model.Axes.Add(
            Styled(
                new LinearAxis
                {
                    Position = AxisPosition.Left,
                    Minimum = 0,
                    MaximumPadding = 0.08,
                    StringFormat = "0.#' %'",
                    MajorGridlineStyle = LineStyle.Solid,
                    MajorGridlineColor = PlotColours.Grid,
                }
            )
        );
        AreaSeries area = new()
        {
            Color = PlotColours.Pool,
            Fill = PlotColours.Pool,
            StrokeThickness = 0,
        };
        area.Points.AddRange(Steps(pool));
        area.Points2.AddRange([new DataPoint(bins.Edges[0], 0), new DataPoint(bins.Edges[^1], 0)]);
        model.Series.Add(area);
        if (selected is not null)
            model.Series.Add(Line(PlotColours.Selected, Steps(selected)));
        double top = new[] { pool, selected }.OfType<Histogram>().Max(of => of.Counts.Max() * 100.0 / Math.Max(1, of.Total)) * 1.08;
        foreach (Mark mark in marks.Where(mark => mark.At >= bins.Edges[0] && mark.At <= bins.Edges[^1]))
        {
            LineSeries line = Line(PlotColours.Mark, [new DataPoint(mark.At, 0), new DataPoint(mark.At, top)]);
            line.Dashes = [5, 3];
            model.Series.Add(line);
        }
        return PlotSvg.Of(model, Width, Height, id, title);
    }

    /// <summary>A pair of bars for each name, the first on top.</summary>
    public static string Bars(IReadOnlyList<(string Name, double First, double? Second)> rows, string id, string title)
    {
        PlotModel model = Model(2 + (LetterRoom * rows.Max(row => Short(row.Name).Length)));
        CategoryAxis names = new()
        {
            Position = AxisPosition.Left,
            StartPosition = 1,
            EndPosition = 0,
            GapWidth = 0.35,
        };
        names.Labels.AddRange(rows.Select(row => Short(row.Name)));
        model.Axes.Add(Styled(names));
        model.Axes.Add(
            Styled(
                new LinearAxis
                {
                    Position = AxisPosition.Bottom,
                    Minimum = 0,
                    MaximumPadding = 0.05,
                    StringFormat = "0.#' %'",
                    MajorGridlineStyle = LineStyle.Solid,
                    MajorGridlineColor = PlotColours.Grid,
                }
            )
        );
        // The axis runs downwards and so do the bars of a category: the first series is the upper one.
        model.Series.Add(Bar(PlotColours.Pool, rows.Select(row => row.First)));
        bool two = rows.Any(row => row.Second is not null);
        if (two)
            model.Series.Add(Bar(PlotColours.Selected, rows.Select(row => row.Second ?? 0)));
        return PlotSvg.Of(model, Width, 40 + (rows.Count * (two ? 28 : 20)), id, title);
    }

    /// <summary>Up to three curves over steps.</summary>
    public static string Curves(IReadOnlyList<Curve> curves, string id, string title)
    {
        PlotModel model = Model();
        model.Axes.Add(
            Styled(
                new LinearAxis
                {
                    Position = AxisPosition.Bottom,
                    Title = "step",
                    AxisTitleDistance = 8,
                }
            )
        );
        model.Axes.Add(
            Styled(
                new LinearAxis
                {
                    Position = AxisPosition.Left,
                    MajorGridlineStyle = LineStyle.Solid,
                    MajorGridlineColor = PlotColours.Grid,
                    MaximumPadding = 0.05,
                    MinimumPadding = 0.05,
                }
            )
        );
        OxyColor[] colours = [PlotColours.Selected, PlotColours.Mark, PlotColours.Pool];
        for (int at = 0; at < curves.Count; at++)
        {
            LineSeries line = Line(colours[at % colours.Length], curves[at].Points.Select(point => new DataPoint(point.X, point.Y)));
            // A single point is no line.
            if (curves[at].Points.Count == 1)
                (line.MarkerType, line.MarkerSize, line.MarkerFill) = (MarkerType.Circle, 3, line.Color);
            line.LineStyle = at switch
            {
                0 => LineStyle.Solid,
                1 => LineStyle.Dash,
                _ => LineStyle.Dot,
            };
            model.Series.Add(line);
        }
        return PlotSvg.Of(model, Width, Height, id, title);
    }

    private static PlotModel Model(double left = NumberRoom) =>
        new()
        {
            PlotAreaBorderThickness = new OxyThickness(0),
            Background = OxyColors.Undefined,
            Culture = CultureInfo.InvariantCulture,
            DefaultFontSize = 12,
            Padding = new OxyThickness(left, 6, 12, 4),
            TextColor = PlotColours.Ink,
        };

    private static Axis Styled(Axis axis)
    {
        (axis.TicklineColor, axis.TextColor, axis.TitleColor, axis.AxislineColor) = (
            PlotColours.Ink,
            PlotColours.Ink,
            PlotColours.Ink,
            PlotColours.Ink
        );
        (axis.AxislineStyle, axis.MinorTickSize, axis.TickStyle) = (LineStyle.Solid, 0, TickStyle.Outside);
        return axis;
    }

    private static LineSeries Line(OxyColor colour, IEnumerable<DataPoint> points)
    {
        LineSeries line = new()
        {
            Color = colour,
            StrokeThickness = 2,
            EdgeRenderingMode = EdgeRenderingMode.PreferGeometricAccuracy,
        };
        line.Points.AddRange(points);
        return line;
    }

    private static BarSeries Bar(OxyColor colour, IEnumerable<double> values)
    {
        BarSeries bars = new() { FillColor = colour, StrokeThickness = 0 };
        foreach (double value in values)
            bars.Items.Add(new BarItem(value));
        return bars;
    }

    private static IEnumerable<DataPoint> Steps(Histogram of) =>
        of
            .Counts.Select((count, at) => (Share: 100.0 * count / Math.Max(1, of.Total), at))
            .SelectMany(bin =>
                new[] { new DataPoint(of.Bins.Edges[bin.at], bin.Share), new DataPoint(of.Bins.Edges[bin.at + 1], bin.Share) }
            );

    private static string Short(string name) => name.Length <= 16 ? name : name[..15] + "…";
}
