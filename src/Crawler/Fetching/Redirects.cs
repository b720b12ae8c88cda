// Where a redirect leads, or why it leads nowhere.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

internal static class Redirects
{
    /// <summary>The target of a redirect, with its trail; or a reason.</summary>
    public static (WebTarget? Next, string? Reason) Follow(WebTarget target, string location, int most)
    {
        if (WebAddress.Resolve(target.Address, location) is not { } next)
            return (null, Reason.BadRedirect);
        string[] trail = [.. target.Trail, target.Address.AbsoluteUri];
        if (trail.Contains(next.AbsoluteUri, StringComparer.Ordinal))
            return (null, Reason.RedirectLoop);
        return trail.Length > most ? (null, Reason.TooManyRedirects) : (target with { Address = next, Trail = trail }, null);
    }
}
