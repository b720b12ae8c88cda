// Which IP addresses a crawler may speak to: the public internet, and what the user opened.

using System.Net;
using System.Net.Sockets;

namespace DataFreeKD.Crawler.Safety;

/// <summary>
/// Refuses addresses that are not on the public internet (IANA's special-purpose registries, RFC 6890), so that no page, redirect or DNS
/// answer
/// can make the crawler speak to this machine, its network or a cloud's metadata service. To be asked of the very address that is connected
/// to.
/// </summary>
/// <param name="allowed">Networks that are spoken to all the same.</param>
internal sealed class AddressPolicy(IEnumerable<IPNetwork> allowed)
{
    private readonly IPNetwork[] opened = [.. allowed];

    /// <summary>The public internet alone.</summary>
    public static AddressPolicy Public { get; } = new([]);

    /// <summary>
    /// Null where the address may be spoken to, else what it is: <c>loopback</c>, <c>private</c>, <c>link_local</c>, <c>cgnat</c>,
    /// <c>metadata</c>, <c>multicast</c>, <c>broadcast</c>, <c>unspecified</c>, <c>documentation</c>, <c>benchmarking</c>,
    /// <c>unique_local</c>, <c>site_local</c>, <c>reserved</c>; with <c>mapped_</c> in front where that is so of an IPv4 address within it.
    /// </summary>
    public string? Refusal(IPAddress address)
    {
        // An IPv4-mapped address reaches the IPv4 host itself; the other embeddings go through a translator, and must be opened as they
        // are.
        IPAddress reached = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(opened, network => network.Contains(reached)) ? null : Kind(address);
    }

    private static string? Kind(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork
            ? SpecialNetworks.Find(SpecialNetworks.V4, address)
            : Embedded(address) ?? OutsideV4(address);

    private static string? OutsideV4(IPAddress address)
    {
        if (EmbeddedIPv4.Decides(address))
            return null;
        // Of all IPv6 only 2000::/3 is given out for the public internet.
        return SpecialNetworks.Find(SpecialNetworks.V6, address) ?? (SpecialNetworks.GlobalUnicast.Contains(address) ? null : "reserved");
    }

    private static string? Embedded(IPAddress address) =>
        EmbeddedIPv4.In(address).Select(inner => SpecialNetworks.Find(SpecialNetworks.V4, inner)).FirstOrDefault(kind => kind is not null)
            is { } found
            ? $"mapped_{found}"
            : null;
}
