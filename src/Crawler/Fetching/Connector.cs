// The handler under everything that speaks HTTP: checked addresses, no proxy, no cookies, redirects told and not followed.

using System.Net;
using DataFreeKD.Crawler.Safety;

namespace DataFreeKD.Crawler.Fetching;

internal static class Connector
{
    public static SocketsHttpHandler Handler(WebOptions options)
    {
        ConnectGuard guard = new(
            options.AllowedNetworks.Count == 0 ? AddressPolicy.Public : new AddressPolicy(options.AllowedNetworks),
            options.Resolve,
            options.ConnectTimeout
        );
        return new SocketsHttpHandler
        {
            ConnectCallback = guard.Connect,
            ConnectTimeout = options.ConnectTimeout,
            SslOptions = new Certificates(options.CaFile).Options(),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 64 << 10,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ActivityHeadersPropagator = null,
        };
    }
}
