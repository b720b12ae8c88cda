// One line of a URL list, and which of the list's columns mean what.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

/// <summary>One entry of a URL list.</summary>
/// <param name="Text">The address as the list has it, or the line where none could be found in it; at most 8,192 characters.</param>
/// <param name="Url">Null where the text is no http or https address.</param>
/// <param name="Columns">What else the list says of it, by the manifest's column names.</param>
internal sealed record ListedUrl(string Text, Uri? Url, IReadOnlyDictionary<string, string?> Columns)
{
    private const int LongestText = 8 << 10;
    private static readonly IReadOnlyDictionary<string, string?> Nothing = new Dictionary<string, string?>();

    /// <summary>An address that may be broken.</summary>
    internal static ListedUrl Of(string? text, IReadOnlyDictionary<string, string?>? columns = null)
    {
        string address = (text ?? "").Trim();
        // A replacement character means that the list is not UTF-8 here: the true address is unknown.
        bool readable = !address.Contains('\uFFFD', StringComparison.Ordinal);
        return new ListedUrl(Cut(address), readable ? WebAddress.Parse(address) : null, columns ?? Nothing);
    }

    /// <summary>A line that is no entry.</summary>
    internal static ListedUrl Malformed(string line) => new(Cut(line.Trim()), null, Nothing);

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText];
}

/// <summary>Names of a list's columns or JSON keys, compared without regard to case; null for one that the list does not have.</summary>
/// <param name="Url">The address.</param>
/// <param name="Caption">Becomes the manifest's <c>caption</c>.</param>
/// <param name="License">Becomes the manifest's <c>license</c>.</param>
public sealed record UrlColumns(string Url = "url", string? Caption = "caption", string? License = "license")
{
    internal bool IsUrl(string column) => Same(column, Url) || Same(column, Url + "s") || Same(column, $"image_{Url}s");

    /// <summary>Whether a column is one that is looked for, which tells a list's form.</summary>
    internal bool IsKnown(string column) => IsUrl(column) || ColumnNames.IsPath(column);

    /// <summary>The manifest's column for one of the list's; null for one that is not carried: the address, and what the store finds out by
    /// itself.</summary>
    internal string? CarriedAs(string column) =>
        IsUrl(column) || column.Length == 0 ? null
        : IsOrAre(column, Caption) ? "caption"
        : IsOrAre(column, License) ? "license"
        : Columns.Store.Contains(column, StringComparer.OrdinalIgnoreCase) ? null
        : column;

    // Lists of columns call them in the plural.
    private static bool IsOrAre(string column, string? name) => name is not null && (Same(column, name) || Same(column, name + "s"));

    private static bool Same(string column, string name) => column.AsSpan().Trim().Equals(name, StringComparison.OrdinalIgnoreCase);
}
