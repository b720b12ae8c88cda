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

    private const string RobotsPath = "/robots.txt",
        TdmPath = "/.well-known/tdmrep.json";

    /// <summary>More is not even received, and what was received is obeyed (RFC 9309, 2.5): the parser's limit, and a byte by which it sees
    /// that there was more.</summary>
    private const long MaxRobotsBytes = RobotsFile.LargestBytes + 1;

    /// <summary>Far beyond any list of rules.</summary>
    private const long MaxTdmBytes = 1 << 20;

    public static string Origin(Uri address) => $"{address.Scheme}://{address.Authority}";

    /// <summary>The file of <paramref name="address"/>'s origin.</summary>
    /// <param name="kind">Which file.</param>
    /// <param name="address">Any address of the origin.</param>
    /// <param name="host">The origin's host.</param>
    /// <param name="territory">What this process may ask; null for everything.</param>
    /// <param name="ask">Fetches an address of at most so many bytes.</param>
    /// <exception cref="ElsewhereException">It lies at a host of another process.</exception>
    public static async Task<OriginFile> Of(
        OriginFileKind kind,
        Uri address,
        HostState host,
        Territory? territory,
        Func<Uri, long, Task<Fetched>> ask
    )
    {
        string origin = Origin(address);
        if (territory?.Memory.Find(kind, origin) is { } known && known.Until > DateTimeOffset.UtcNow)
            return known;
        if (host.Elsewhere.TryGetValue((kind, origin), out Errand? elsewhere))
            throw new ElsewhereException(elsewhere);
        Errand start = new(kind, origin, new Uri(new Uri(origin), kind == OriginFileKind.Robots ? RobotsPath : TdmPath), []);
        try
        {
            OriginFile file = await Follow(start, territory, ask).ConfigureAwait(false);
            territory?.Memory.Keep(kind, origin, file);
            return file;
        }
        catch (ElsewhereException away)
        {
            host.Elsewhere[(kind, origin)] = away.Errand;
            throw;
        }
    }

    /// <summary>Asks for a file, over redirects.</summary>
    /// <exception cref="ElsewhereException">A redirect leads to a host of another process.</exception>
    public static async Task<OriginFile> Follow(Errand errand, Territory? territory, Func<Uri, long, Task<Fetched>> ask)
    {
        long most = errand.Kind == OriginFileKind.Robots ? MaxRobotsBytes : MaxTdmBytes;
        WebTarget at = new(0, errand.Address.AbsoluteUri, errand.Address) { Trail = errand.Trail };
        while (true)
        {
            Fetched fetched = await ask(at.Address, most).ConfigureAwait(false);
            if (fetched.Location is null)
                return OriginFile.Of(fetched, DateTimeOffset.UtcNow + Lifetime);
            (WebTarget? next, string? _) = Redirects.Follow(at, fetched.Location, MaxRedirects);
            if (next is null)
                return new OriginFile(fetched.Status, null, DateTimeOffset.UtcNow + Lifetime) { Hidden = true };
            at = next;
            if (territory is not null && !territory.Holds(at.Address))
                throw new ElsewhereException(errand with { Address = at.Address, Trail = at.Trail });
        }
    }

    /// <summary>The reservations of <paramref name="address"/>'s origin. A file that is not there, cannot be had or may not be asked for
    /// reserves nothing.</summary>
    /// <param name="host">Keeps them.</param>
    /// <param name="address">Any address of the origin.</param>
    /// <param name="robots">The origin's robots.txt.</param>
    /// <param name="territory">What this process may ask; null for everything.</param>
    /// <param name="ask">Fetches an address of at most so many bytes.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<TdmFile> Reservations(
        HostState host,
        Uri address,
        RobotsFile robots,
        Territory? territory,
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
            if (!robots.Allows(HttpExchange.ProductToken, TdmPath))
            {
                host.Reservations[origin] = (TdmFile.Open, DateTimeOffset.UtcNow + Lifetime);
                return TdmFile.Open;
            }
            OriginFile file = await Of(OriginFileKind.Reservations, address, host, territory, ask).ConfigureAwait(false);
            TdmFile rules = file.Content is { } content ? TdmFile.Parse(content) : TdmFile.Open;
            host.Reservations[origin] = (rules, file.Until);
            return rules;
        }
        finally
        {
            host.RobotsGate.Release();
        }
    }
}
