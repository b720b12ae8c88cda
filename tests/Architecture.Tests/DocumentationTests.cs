// Every relative link of the documentation leads to a file and a heading, and every page stands in the site's table of contents.

using System.Text.RegularExpressions;
using DataFreeKD.Testing;

namespace DataFreeKD.Architecture.Tests;

public sealed partial class DocumentationTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string> Pages { get; } =
    [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "tests/peers/README.md",
        .. Directory
            .EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(
                Directory
                    .EnumerateDirectories(Path.Combine(Root, "src"))
                    .Select(project => Path.Combine(project, "README.md"))
                    .Where(File.Exists)
            )
            .Select(page => Path.GetRelativePath(Root, page).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_relative_link_leads_to_a_file_and_a_heading(string page)
    {
        Assert.Empty(MarkdownPage.BrokenLinks(Path.Combine(Root, page)));
    }

    [Fact]
    public void Every_page_stands_in_the_table_of_contents_and_nothing_else_does()
    {
        string docs = Path.Combine(Root, "docs");
        IEnumerable<string> listed = Reference()
            .Matches(File.ReadAllText(Path.Combine(docs, "toc.yml")))
            .Select(match => match.Groups[1].Value);
        IEnumerable<string> pages = Directory
            .EnumerateFiles(docs, "*.md", SearchOption.AllDirectories)
            .Select(page => Path.GetRelativePath(docs, page).Replace('\\', '/'));

        // build/site.sh makes the list of decisions from the files.
        string[] expected =
        [
            .. pages.Where(page => !page.StartsWith("adr/", StringComparison.Ordinal)),
            "adr/index.md",
            "../CONTRIBUTING.md",
            "../SECURITY.md",
            "../CHANGELOG.md",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_link_to_a_missing_file_or_heading_is_found_and_code_is_not_read()
    {
        using TempFolder folder = new();
        string page = folder["page.md"],
            other = folder["other.md"];
        File.WriteAllText(other, "# One (two), three!\n\n## Again\n\n## Again\n\n```\n# no heading\n```\n");
        File.WriteAllText(
            page,
            "[a](other.md) [b](other.md#one-two-three) [c](other.md#again-1) ![d](https://example.org/x.png)\n`[e](code.md)`\n```\n[f](fence.md)\n```\n"
                + "[g](missing.md) [h](other.md#again-2) [i](other.md#no-heading) [j](#here)\n"
        );

        Assert.Equal(
            [
                "missing.md: there is no such file",
                "other.md#again-2: there is no such heading",
                "other.md#no-heading: there is no such heading",
                "#here: there is no such heading",
            ],
            MarkdownPage.BrokenLinks(page)
        );
    }

    internal static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DataFreeKD.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"no DataFreeKD.sln above {AppContext.BaseDirectory}");
    }

    [GeneratedRegex(@"href: (\S+\.md)")]
    private static partial Regex Reference();
}
