// The robots.txt of each origin, fetched once a day at most.

using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Fetching;

internal static class RobotsCache
{
    /// <summary>More is not even received, and what was received is obeyed (RFC 9309, 2.5): the parser's limit, and a byte by which it sees
    /// that there was more.</summary>
    private const long MaxBytes = RobotsFile.LargestBytes + 1;

    /// <summary>The rules in force for <paramref name="address"/>'s origin.</summary>
    /// <param name="host">Keeps them.</param>
    /// <param name="address">Any address of the origin.</param>
    /// <param name="ask">Fetches an address, of a larger file the beginning of so many bytes.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<RobotsEntry> For(HostState host, Uri address, Func<Uri, long, Task<Fetched>> ask, CancellationToken cancel)
    {
        string origin = OriginFiles.Origin(address);
        await host.RobotsGate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (host.Robots.TryGetValue(origin, out RobotsEntry? entry) && entry.Until > DateTimeOffset.UtcNow)
                return entry;
            Fetched? fetched = await OriginFiles.Load(new Uri(new Uri(origin), "/robots.txt"), MaxBytes, ask).ConfigureAwait(false);
            using Body? body = fetched?.Body;
            // A file that redirects hide counts as absent.
            (RobotsFile file, string? refusal) = fetched is null ? (RobotsFile.AllowAll, null) : Judge(fetched);
            return host.Robots[origin] = new RobotsEntry(file, refusal, DateTimeOffset.UtcNow + OriginFiles.Lifetime);
        }
        finally
        {
            host.RobotsGate.Release();
        }
    }

    /// <summary>RFC 9309, 2.3.1: a server that has no such file allows all, one that cannot tell allows nothing.</summary>
    private static (RobotsFile File, string? Refusal) Judge(Fetched fetched) =>
        fetched switch
        {
            { Body: { } body } => Read(body),
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
            } => (RobotsFile.DisallowAll, fetched.Reason),
            _ => (RobotsFile.DisallowAll, Reason.RobotsUnreachable),
        };

    private static (RobotsFile File, string? Refusal) Read(Body body)
    {
        try
        {
            return (RobotsFile.Parse(body.Unpacked()), null);
        }
        catch (FetchException)
        {
            return (RobotsFile.DisallowAll, Reason.RobotsUnreachable);
        }
    }
}
