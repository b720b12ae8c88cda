// Lists without a line of names: what their first line holds tells which column is meant.

namespace DataFreeKD.Manifests.Lists;

/// <summary>The form of a list whose first line is a row already.</summary>
/// <param name="Separator">Between fields; a space stands for any run of spaces.</param>
/// <param name="Columns"><c>path</c> or <c>url</c> for the field that is one, and names of our own for the rest.</param>
internal sealed record HeadlessList(char Separator, IReadOnlyList<string> Columns)
{
    private static readonly char[] Separators = ['\t', ',', ';', '|', ' '];

    /// <summary>Looks at a first line; null where it is no row of which one field, and only one, is a file that is there, or an
    /// address.</summary>
    /// <param name="line">The first line that is not empty.</param>
    /// <param name="source">The list, whose folder relative paths are of.</param>
    /// <param name="known">Tells the names of columns that are looked for: a line with one names its columns.</param>
    /// <param name="plain">Whether a line may be an entry as a whole, separators in it included, as in a .txt of addresses.</param>
    public static HeadlessList? Of(string line, string source, Func<string, bool> known, bool plain)
    {
        if (plain && Strictly(line, source) is not null && !EndsBeforeASpace(line))
            return null;
        foreach (char separator in Separators)
        {
            IReadOnlyList<string> fields = Split(line, separator);
            if (fields.Count < 2)
                continue;
            if (fields.Any(known))
                return null;
            if (ColumnsOf(fields, source) is { } columns)
                return new HeadlessList(separator, columns);
        }
        return !plain && !known(line.Trim()) && Names(line, source) is { } only ? new HeadlessList(',', [only]) : null;
    }

    // An address of an image, and something else behind it. Spaces may be part of an address all the same.
    private static bool EndsBeforeASpace(string line) =>
        line.Trim() is var text
        && text.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space
        && IsImageName(text[..space])
        && !IsImageName(text);

    /// <summary>Names for the fields of a row of which one, and only one, is a file that is there or an address, or where none is, is called
    /// as an image is; null of other rows.</summary>
    public static IReadOnlyList<string>? ColumnsOf(IReadOnlyList<string?> fields, string source)
    {
        string?[] kinds = [.. fields.Select(field => field is null ? null : Strictly(field, source))];
        if (kinds.All(kind => kind is null))
            kinds = [.. fields.Select(field => field is null ? null : Names(field, source))];
        return kinds.Count(kind => kind is not null) == 1
            ? [.. kinds.Select((kind, at) => kind ?? FormattableString.Invariant($"column_{at + 1}"))]
            : null;
    }

    /// <summary>The fields of a line.</summary>
    public static IReadOnlyList<string> Split(string line, char separator) =>
        separator == ' '
            ? line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : DelimitedText.Records([line], separator).FirstOrDefault().Fields ?? [];

    /// <summary><c>path</c> of a file that is there or is called as an image is, <c>url</c> of a web address; null of other text.</summary>
    public static string? Names(string field, string source) =>
        Strictly(field, source) ?? (IsImageName(field.Trim().Trim('"')) ? "path" : null);

    private static string? Strictly(string field, string source)
    {
        string text = field.Trim().Trim('"');
        return text.Length is 0 or > 4096 ? null
            : IsAddress(text) ? "url"
            : IsFile(text, source) ? "path"
            : null;
    }

    /// <summary>Whether a text is a web address.</summary>
    public static bool IsAddress(string text) =>
        text.Length <= 4096 && Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https";

    // No column is called so, whether the file is there or not.
    private static bool IsImageName(string text) =>
        text.Length <= 4096
        && Path.GetExtension(text).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG" or ".WEBP" or ".GIF" or ".BMP" or ".TIF" or ".TIFF";

    /// <summary>Whether a field of a table leads to a file that is there, of an archive its member too.</summary>
    public static bool IsFile(string field, string source)
    {
        try
        {
            // A word alone, such as a column's name, may be a folder beside the table, never the file meant.
            return field.AsSpan().IndexOfAny('.', '/', '\\') >= 0
                && ListReader.IsRegular(ManifestPath.SplitMember(ManifestPath.FromTable(field, source)).File);
        }
        catch (Exception error) when (error is TableException or ArgumentException or IOException)
        {
            return false;
        }
    }
}
