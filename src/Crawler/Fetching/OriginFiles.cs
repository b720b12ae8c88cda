// The files by which an origin says what it wants, each read once a day at most.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Fetching;

internal static class OriginFiles
{
    /// <summary>RFC 9309, 2.3.1.2.</summary>
    public const int MaxRedirects = 5;

    /// <summary>RFC 9309, 2.4.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private const string TdmPath = "/.well-known/tdmrep.json";

    /// <summary>Far beyond any list of rules.</summary>
    private const long MaxTdmBytes = 1 << 20;

    public static string Origin(Uri address) => $"{address.Scheme}://{address.Authority}";

    /// <summary>Asks for a file, over redirects; null where these hide it. Whoever reads the outcome disposes of its body.</summary>
    public static async Task<Fetched?> Load(Uri address, long maxBytes, Func<Uri, long, Task<Fetched>> ask)
    {
        WebTarget at = new(0, address.AbsoluteUri, address);
        while (true)
        {
            Fetched fetched = await ask(at.Address, maxBytes).ConfigureAwait(false);
            if (fetched.Location is null)
                return fetched;
            (WebTarget? next, string? _) = Redirects.Follow(at, fetched.Location, MaxRedirects);
            if (next is null)
                return null;
            at = next;
        }
    }

    /// <summary>The reservations of <paramref name="address"/>'s origin. A file that is not there, cannot be had or may not be asked for
    /// reserves nothing.</summary>
    /// <param name="host">Keeps them.</param>
    /// <param name="address">Any address of the origin.</param>
    /// <param name="robots">The origin's robots.txt.</param>
    /// <param name="ask">Fetches an address of at most so many bytes.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<TdmFile> Reservations(
        HostState host,
        Uri address,
        RobotsFile robots,
        Func<Uri, long, Task<Fetched>> ask,
        CancellationToken cancel
    )
    {
        string origin = Origin(address);
        await host.RobotsGate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (
                host.Reservations.TryGetValue(origin, out (TdmFile File, DateTimeOffset Until) known)
                && known.Until > DateTimeOffset.UtcNow
            )
                return known.File;
            Fetched? fetched = robots.Allows(HttpExchange.ProductToken, TdmPath)
                ? await Load(new Uri(new Uri(origin), TdmPath), MaxTdmBytes, ask).ConfigureAwait(false)
                : null;
            using Body? body = fetched?.Body;
            TdmFile file = body is null ? TdmFile.Open : Parse(body);
            host.Reservations[origin] = (file, DateTimeOffset.UtcNow + Lifetime);
            return file;
        }
        finally
        {
            host.RobotsGate.Release();
        }
    }

    private static TdmFile Parse(Body body)
    {
        try
        {
            return TdmFile.Parse(body.Unpacked());
        }
        catch (FetchException)
        {
            return TdmFile.Open;
        }
    }
}
