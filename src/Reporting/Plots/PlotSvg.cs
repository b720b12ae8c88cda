// A plot as SVG that stands in a page: scales with it, takes its font and colours, is announced by a title.

using System.Globalization;
using System.Xml.Linq;
using OxyPlot;

namespace DataFreeKD.Reporting.Plots;

/// <summary>Exports plots.</summary>
internal static class PlotSvg
{
    // The library puts every element under nested groups that clip to the whole drawing.
    private static readonly HashSet<string> Kept = ["rect", "polyline", "polygon", "line", "path", "text", "ellipse"];

    /// <summary>The SVG element.</summary>
    /// <param name="model">The plot.</param>
    /// <param name="width">Units across; text is 12 units high.</param>
    /// <param name="height">Units down.</param>
    /// <param name="id">Unique in the page.</param>
    /// <param name="title">What the plot shows, for those who do not see it.</param>
    public static string Of(PlotModel model, double width, double height, string id, string title)
    {
        SvgExporter exporter = new()
        {
            Width = width,
            Height = height,
            IsDocument = false,
            UseVerticalTextAlignmentWorkaround = true,
        };
        XElement drawn = XElement.Parse(exporter.ExportToString(model));
        XNamespace svg = drawn.Name.Namespace;
        XElement root = new(
            svg + "svg",
            new XAttribute("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {width} {height}")),
            new XAttribute("role", "img"),
            new XAttribute("aria-labelledby", id + "-title"),
            new XElement(svg + "title", new XAttribute("id", id + "-title"), title),
            drawn
                .Descendants()
                .Where(element =>
                    Kept.Contains(element.Name.LocalName) && !element.Ancestors().Any(above => above.Name.LocalName is "defs" or "clipPath")
                )
                .Select(Restyled)
        );
        return root.ToString(SaveOptions.DisableFormatting);
    }

    // Styles instead of attributes, since only styles may name the page's variables everywhere.
    private static XElement Restyled(XElement element)
    {
        string style = (string?)element.Attribute("style") ?? "";
        if (element.Attribute("fill") is { } fill)
            style = $"fill:{fill.Value};{style}";
        foreach ((string colour, string variable) in PlotColours.Variables)
            style = style.Replace(colour, variable, StringComparison.Ordinal);
        XElement copy = new(
            element.Name,
            element
                .Attributes()
                .Where(attribute =>
                    attribute.Name.LocalName is not ("style" or "fill" or "font-family" or "font-weight" or "shape-rendering")
                ),
            element.Nodes()
        );
        if (style.Length > 0)
            copy.SetAttributeValue("style", style);
        return copy;
    }
}
