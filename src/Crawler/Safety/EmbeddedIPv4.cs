// The IPv4 addresses that some IPv6 addresses carry, and that packets to them end at.

using System.Net;

namespace DataFreeKD.Crawler.Safety;

internal static class EmbeddedIPv4
{
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    // With the compatible, the translated and the local NAT64 networks, which no longer or never lead over the public internet.
    private static readonly IPNetwork[] AtTheEnd =
    [
        Nat64,
        IPNetwork.Parse("::/96"),
        IPNetwork.Parse("::ffff:0:0:0/96"),
        IPNetwork.Parse("64:ff9b:1::/48"),
    ];

    /// <summary>
    /// IPv4-mapped and IPv4-compatible (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052, 8215), 6to4 (RFC 3056) and Teredo (RFC
    /// 4380:
    /// the server's and the client's).
    /// </summary>
    public static IEnumerable<IPAddress> In(IPAddress address)
    {
        // Asked first, for networks count a mapped address as the IPv4 address that it is.
        if (address.IsIPv4MappedToIPv6)
            return [address.MapToIPv4()];
        byte[] b = address.GetAddressBytes();
        if (SixToFour.Contains(address))
            return [Address(b[2], b[3], b[4], b[5])];
        if (Teredo.Contains(address))
            return [Address(b[4], b[5], b[6], b[7]), Address((byte)~b[12], (byte)~b[13], (byte)~b[14], (byte)~b[15])];
        bool own = address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.IPv6Loopback);
        return !own && Array.Exists(AtTheEnd, network => network.Contains(address)) ? [Address(b[12], b[13], b[14], b[15])] : [];
    }

    /// <summary>Whether the address leads to its IPv4 address over the public internet, so that this one decides alone.</summary>
    public static bool Decides(IPAddress address) =>
        address.IsIPv4MappedToIPv6 || Nat64.Contains(address) || SixToFour.Contains(address) || Teredo.Contains(address);

    private static IPAddress Address(byte a, byte b, byte c, byte d) => new([a, b, c, d]);
}
