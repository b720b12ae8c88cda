// What belongs to one site, as far as its name tells.

namespace DataFreeKD.Crawler.Sharding;

internal static class SiteName
{
    // Registries that give names below a second label; where one is missing, more hosts than need be come together, which harms nobody.
    private static readonly HashSet<string> Shared = new(StringComparer.Ordinal)
    {
        "ac",
        "co",
        "com",
        "edu",
        "go",
        "gob",
        "gov",
        "gr",
        "ltd",
        "mil",
        "ne",
        "net",
        "nom",
        "or",
        "org",
        "plc",
        "sch",
    };

    /// <summary>The registrable domain of an address; the host where it is an IP address.</summary>
    public static string Of(Uri address)
    {
        string host = address.IdnHost.TrimEnd('.').ToLowerInvariant();
        if (address.HostNameType != UriHostNameType.Dns)
            return host;
        string[] labels = host.Split('.');
        int kept = labels.Length > 2 && labels[^1].Length == 2 && Shared.Contains(labels[^2]) ? 3 : 2;
        return labels.Length <= kept ? host : string.Join('.', labels[^kept..]);
    }
}
