// Liquid templates of this assembly, with everything escaped that they do not call raw.

using System.Collections.Concurrent;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Fluid;
using Fluid.Values;

namespace DataFreeKD.Reporting.Page;

/// <summary>Renders the embedded templates.</summary>
internal static class Template
{
    private static readonly FluidParser Parser = new();

    private static readonly TemplateOptions Options = WithParts("plot", "table", "picture");

    private static readonly ConcurrentDictionary<string, IFluidTemplate> Parsed = new(StringComparer.Ordinal);

    // Letters of every script stay as they are; what HTML means something by does not.
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>The text of an embedded file.</summary>
    public static string Text(string name)
    {
        using Stream stream = typeof(Template).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"there is no embedded {name}");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    // A part is a template for one record, used as a filter: {{ plot | plot | raw }}.
    private static TemplateOptions WithParts(params string[] parts)
    {
        TemplateOptions options = new()
        {
            MemberAccessStrategy = new UnsafeMemberAccessStrategy(),
            CultureInfo = System.Globalization.CultureInfo.InvariantCulture,
        };
        foreach (string part in parts)
            options.Filters.AddFilter(part, (input, _, _) => new StringValue(Render(part, input.ToObjectValue())));
        return options;
    }

    /// <summary>Renders <c>name.liquid</c>.</summary>
    /// <param name="name">The template.</param>
    /// <param name="model">A record of the page.</param>
    public static string Render(string name, object model)
    {
        IFluidTemplate template = Parsed.GetOrAdd(name, Parse);
        return template.Render(new TemplateContext(model, Options), Encoder);
    }

    private static IFluidTemplate Parse(string name) =>
        Parser.TryParse(Text(name + ".liquid"), out IFluidTemplate template, out string error)
            ? template
            : throw new InvalidOperationException($"{name}.liquid: {error}");
}
