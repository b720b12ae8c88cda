// Colours that the plotting library draws with, and the style sheet's names that take their place.

using OxyPlot;

namespace DataFreeKD.Reporting.Plots;

/// <summary>Each colour is a placeholder that no plot would choose: the page's style sheet decides, by light and by dark.</summary>
internal static class PlotColours
{
    /// <summary>Text and axes.</summary>
    public static OxyColor Ink { get; } = OxyColor.FromRgb(1, 2, 1);

    /// <summary>Lines behind the data.</summary>
    public static OxyColor Grid { get; } = OxyColor.FromRgb(1, 2, 2);

    /// <summary>The pool, or the first of several curves.</summary>
    public static OxyColor Pool { get; } = OxyColor.FromRgb(1, 2, 3);

    /// <summary>The selection, or the second of several curves.</summary>
    public static OxyColor Selected { get; } = OxyColor.FromRgb(1, 2, 4);

    /// <summary>Threshold lines, or the third of several curves.</summary>
    public static OxyColor Mark { get; } = OxyColor.FromRgb(1, 2, 5);

    /// <summary>The custom property of each, as the plotting library writes the colour.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } =
        new Dictionary<string, string>
        {
            ["rgb(1,2,1)"] = "var(--ink)",
            ["rgb(1,2,2)"] = "var(--grid)",
            ["rgb(1,2,3)"] = "var(--pool)",
            ["rgb(1,2,4)"] = "var(--selected)",
            ["rgb(1,2,5)"] = "var(--mark)",
        };
}
