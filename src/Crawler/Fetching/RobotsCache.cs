// The robots.txt of each origin, fetched once a day at most.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Fetching;

internal static class RobotsCache
{
    /// <summary>The rules in force for <paramref name="address"/>'s origin.</summary>
    /// <param name="host">Keeps them.</param>
    /// <param name="address">Any address of the origin.</param>
    /// <param name="territory">What this process may ask; null for everything.</param>
    /// <param name="ask">Fetches an address, of a larger file the beginning of so many bytes.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<RobotsEntry> For(
        HostState host,
        Uri address,
        Territory? territory,
        Func<Uri, long, Task<Fetched>> ask,
        CancellationToken cancel
    )
    {
        string origin = OriginFiles.Origin(address);
        await host.RobotsGate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (host.Robots.TryGetValue(origin, out RobotsEntry? entry) && entry.Until > DateTimeOffset.UtcNow)
                return entry;
            OriginFile found = await OriginFiles.Of(OriginFileKind.Robots, address, host, territory, ask).ConfigureAwait(false);
            (RobotsFile file, string? refusal) = Judge(found);
            return host.Robots[origin] = new RobotsEntry(file, refusal, found.Until);
        }
        finally
        {
            host.RobotsGate.Release();
        }
    }

    /// <summary>RFC 9309, 2.3.1: a server that has no such file allows all, one that cannot tell allows nothing.</summary>
    private static (RobotsFile File, string? Refusal) Judge(OriginFile found) =>
        found switch
        {
            // A file that redirects hide counts as absent.
            { Hidden: true } => (RobotsFile.AllowAll, null),
            { Broken: true } => (RobotsFile.DisallowAll, Reason.RobotsUnreachable),
            { Content: { } content } => (RobotsFile.Parse(content), null),
            { Status: 200 or 203, Reason: Reason.Empty } => (RobotsFile.AllowAll, null),
            { Status: 429 } => (RobotsFile.DisallowAll, Reason.RobotsUnreachable),
            { Status: >= 400 and < 500 } => (RobotsFile.AllowAll, null),
            // No answer at all: the target would meet the same, and the plain reason says more.
            {
                Status: 0,
                Reason: Reason.DnsError
                    or Reason.ConnectFailed
                    or Reason.TlsError
                    or Reason.CertificateUntrusted
                    or Reason.CertificateExpired
                    or Reason.CertificateWrongName
                    or Reason.Timeout
                    or Reason.AddressRefused
            } => (RobotsFile.DisallowAll, found.Reason),
            _ => (RobotsFile.DisallowAll, Reason.RobotsUnreachable),
        };
}
