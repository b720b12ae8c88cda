// The networks that are not the public internet, each with its kind: IANA's special-purpose address registries, and clouds' metadata
// services.

using System.Net;

namespace DataFreeKD.Crawler.Safety;

internal static class SpecialNetworks
{
    /// <summary>IPv4. The first that holds an address names it.</summary>
    public static readonly (IPNetwork Network, string Kind)[] V4 =
    [
        // Cloud services that hand credentials to whoever asks from inside: most clouds, Amazon's containers, Alibaba, Oracle; Azure's
        // looks public.
        .. Table(
            "metadata",
            "169.254.169.254/32",
            "169.254.170.2/32",
            "169.254.170.23/32",
            "100.100.100.200/32",
            "192.0.0.192/32",
            "168.63.129.16/32"
        ),
        .. Table("unspecified", "0.0.0.0/32"),
        .. Table("broadcast", "255.255.255.255/32"),
        .. Table("loopback", "127.0.0.0/8"),
        .. Table("private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        .. Table("link_local", "169.254.0.0/16"),
        .. Table("cgnat", "100.64.0.0/10"),
        .. Table("documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
        .. Table("benchmarking", "198.18.0.0/15"),
        .. Table("multicast", "224.0.0.0/4"),
        .. Table("reserved", "0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4"),
    ];

    /// <summary>IPv6, but for what embeds IPv4.</summary>
    public static readonly (IPNetwork Network, string Kind)[] V6 =
    [
        // Amazon, Google, Oracle.
        .. Table("metadata", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128"),
        .. Table("unspecified", "::/128"),
        .. Table("loopback", "::1/128"),
        .. Table("link_local", "fe80::/10"),
        .. Table("site_local", "fec0::/10"),
        .. Table("unique_local", "fc00::/7"),
        .. Table("multicast", "ff00::/8"),
        .. Table("documentation", "2001:db8::/32", "3fff::/20"),
        .. Table("benchmarking", "2001:2::/48"),
        .. Table("reserved", "2001::/23"),
    ];

    /// <summary>What is given out for the public internet.</summary>
    public static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    public static string? Find((IPNetwork Network, string Kind)[] networks, IPAddress address) =>
        Array.Find(networks, entry => entry.Network.Contains(address)).Kind;

    private static (IPNetwork, string)[] Table(string kind, params string[] networks) =>
        [.. networks.Select(network => (IPNetwork.Parse(network), kind))];
}
