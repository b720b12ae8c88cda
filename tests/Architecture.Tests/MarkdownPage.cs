// A page of the documentation: the relative links it has and the anchors it offers.

using System.Text.RegularExpressions;

namespace DataFreeKD.Architecture.Tests;

internal static partial class MarkdownPage
{
    /// <summary>The links of a page that lead nowhere, each with the reason. Addresses of the web are not looked at.</summary>
    public static IReadOnlyList<string> BrokenLinks(string page)
    {
        List<string> broken = [];
        foreach (string target in Links(File.ReadAllText(page)))
        {
            string[] parts = target.Split('#', 2);
            string file =
                parts[0].Length == 0
                    ? page
                    : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, Uri.UnescapeDataString(parts[0])));
            if (!File.Exists(file) && !Directory.Exists(file))
                broken.Add($"{target}: there is no such file");
            else if (parts.Length == 2 && !(File.Exists(file) && Anchors(File.ReadAllText(file)).Contains(parts[1])))
                broken.Add($"{target}: there is no such heading");
        }
        return broken;
    }

    /// <summary>The relative targets of a text's links and pictures, code left out.</summary>
    public static IReadOnlyList<string> Links(string text) =>
        [
            .. Link()
                .Matches(InlineCode().Replace(Fence().Replace(text, ""), "code"))
                .Select(match => match.Groups[1].Value)
                .Where(target => !target.Contains(':', StringComparison.Ordinal)),
        ];

    /// <summary>The anchors of a text's headings as repository hosts make them: lower case, words joined by hyphens, a number behind what
    /// occurs again.</summary>
    public static IReadOnlySet<string> Anchors(string text)
    {
        HashSet<string> anchors = [];
        foreach (Match heading in Heading().Matches(Fence().Replace(text, "")))
        {
            string name = NotInAnchors()
                .Replace(LinkText().Replace(heading.Groups[1].Value, "$1").Trim().ToLowerInvariant(), "")
                .Replace(' ', '-');
            string anchor = name;
            for (int again = 1; !anchors.Add(anchor); again++)
                anchor = $"{name}-{again}";
        }
        return anchors;
    }

    [GeneratedRegex(@"^ *(```|~~~).*?^ *\1", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\]\(\s*([^()\s]+)(?:\s+""[^""]*"")?\s*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkText();

    [GeneratedRegex(@"^#{1,6} +(.+?) *#*\r?$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchors();
}
