// Where a redirect leads, or why it leads nowhere.

namespace DataFreeKD.Crawler.Fetching;

internal static class Redirects
{
    /// <summary>The target of a redirect, with its trail; or a reason.</summary>
    public static (WebTarget? Next, string? Reason) Follow(WebTarget target, string location, int most)
    {
        if (location.Length == 0 || !Uri.TryCreate(target.Address, location, out Uri? next) || next.Scheme is not ("http" or "https") || next.Host.Length == 0) return (null, Reason.BadRedirect);
        next = WithoutFragment(next);
        string[] trail = [.. target.Trail, target.Address.AbsoluteUri];
        if (trail.Contains(next.AbsoluteUri, StringComparer.Ordinal)) return (null, Reason.RedirectLoop);
        return trail.Length > most ? (null, Reason.TooManyRedirects) : (target with { Address = next, Trail = trail }, null);
    }

    private static Uri WithoutFragment(Uri address) => address.Fragment.Length == 0 ? address : new Uri(address.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped));
}
