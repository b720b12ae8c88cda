// What each tag of a page gives: images, links, a base address, or a wish not to be used.

using AngleSharp.Html.Parser.Tokens;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Pages;

/// <summary>Gathers references while tags stream by; they are resolved at the end, when the base address is known.</summary>
/// <param name="productToken">The crawler's name, for meta elements that address it.</param>
internal sealed class PageTags(string productToken)
{
    // Before src, which beside them is a placeholder.
    private static readonly string[] LazySources = ["data-src", "data-original", "data-lazy-src"];
    private static readonly string[] SourceSets = ["srcset", "data-srcset", "data-lazy-srcset"];
    private static readonly HashSet<string> MetaImages = new(StringComparer.OrdinalIgnoreCase)
    {
        "og:image",
        "og:image:url",
        "og:image:secure_url",
        "twitter:image",
        "twitter:image:src",
    };

    private readonly List<(string Reference, bool Image)> references = [];
    private readonly List<string?> optOuts = [];
    private string? baseReference;
    private bool nofollow;

    public void Add(HtmlTagToken tag)
    {
        switch (tag.Name)
        {
            case "img":
                Picture(tag, plainSource: true);
                break;
            case "source":
                // src of a source is sound or film.
                Picture(tag, plainSource: false);
                break;
            case "a" or "area":
                if (!HasRel(tag, "nofollow"))
                    Note(tag.GetAttribute("href"), image: false);
                break;
            case "link":
                if (HasRel(tag, "image_src"))
                    Note(tag.GetAttribute("href"), image: true);
                break;
            case "base":
                // The first one that says something counts.
                if (string.IsNullOrWhiteSpace(baseReference))
                    baseReference = tag.GetAttribute("href");
                break;
            case "meta":
                Meta(tag);
                break;
        }
    }

    public PageLinks Links(Uri address)
    {
        LinkCollector links = new(WebAddress.Resolve(address, baseReference) ?? address);
        foreach ((string reference, bool image) in references)
        {
            if (image)
                links.Image(reference);
            else if (!nofollow)
                links.Link(reference);
        }
        return links.Links(OptOut.Strongest(optOuts));
    }

    /// <summary>Of a srcset the largest, and then no src: both are the same picture, smaller.</summary>
    private void Picture(HtmlTagToken tag, bool plainSource)
    {
        string[] largest = [.. SourceSets.Select(name => Srcset.Largest(tag.GetAttribute(name) ?? "")).OfType<string>()];
        foreach (string reference in largest)
            Note(reference, image: true);
        if (!plainSource)
            return;
        foreach (string name in LazySources)
            Note(tag.GetAttribute(name), image: true);
        if (largest.Length == 0)
            Note(tag.GetAttribute("src"), image: true);
    }

    private void Meta(HtmlTagToken tag)
    {
        string name = (tag.GetAttribute("name") is { Length: > 0 } named ? named : tag.GetAttribute("property") ?? "").Trim();
        string content = tag.GetAttribute("content") ?? "";
        if (MetaImages.Contains(name))
            Note(content, image: true);
        optOuts.Add(OptOut.FromMeta(name, content, productToken));
        nofollow |= OptOut.MetaForbidsFollowing(name, content, productToken);
    }

    private void Note(string? reference, bool image)
    {
        if (!string.IsNullOrWhiteSpace(reference))
            references.Add((reference, image));
    }

    private static bool HasRel(HtmlTagToken tag, string word) =>
        (tag.GetAttribute("rel") ?? "")
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Contains(word, StringComparer.OrdinalIgnoreCase);
}
