// Which addresses a crawler refuses to speak to, however they are written.

using System.Net;
using CsCheck;
using DataFreeKD.Crawler.Safety;

namespace DataFreeKD.Crawler.Tests;

public sealed class AddressPolicyTests
{
    [Theory]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("0.1.2.3", "reserved")]
    [InlineData("10.0.0.1", "private")]
    [InlineData("10.255.255.255", "private")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("100.64.0.1", "cgnat")]
    [InlineData("100.127.255.255", "cgnat")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.254", "loopback")]
    [InlineData("169.254.0.1", "link_local")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("169.254.170.2", "metadata")]
    [InlineData("100.100.100.200", "metadata")]
    [InlineData("192.0.0.192", "metadata")]
    [InlineData("168.63.129.16", "metadata")]
    [InlineData("192.0.0.8", "reserved")]
    [InlineData("192.0.2.1", "documentation")]
    [InlineData("198.51.100.7", "documentation")]
    [InlineData("203.0.113.255", "documentation")]
    [InlineData("192.88.99.1", "reserved")]
    [InlineData("198.18.0.1", "benchmarking")]
    [InlineData("198.19.255.255", "benchmarking")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.250", "multicast")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("fe80::1", "link_local")]
    [InlineData("fe80::1%3", "link_local")]
    [InlineData("febf::1", "link_local")]
    [InlineData("fec0::1", "site_local")]
    [InlineData("fc00::1", "unique_local")]
    [InlineData("fdff::1", "unique_local")]
    [InlineData("fd00:ec2::254", "metadata")]
    [InlineData("fd20:ce::254", "metadata")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("2001:db8::1", "documentation")]
    [InlineData("3fff::1", "documentation")]
    [InlineData("2001:2::1", "benchmarking")]
    [InlineData("2001:10::1", "reserved")]
    [InlineData("2001:20::1", "reserved")]
    [InlineData("100::1", "reserved")]
    [InlineData("5f00::1", "reserved")]
    [InlineData("4000::1", "reserved")]
    [InlineData("::ffff:127.0.0.1", "mapped_loopback")]
    [InlineData("::ffff:10.1.2.3", "mapped_private")]
    [InlineData("::ffff:169.254.169.254", "mapped_metadata")]
    [InlineData("::ffff:0.0.0.0", "mapped_unspecified")]
    [InlineData("::ffff:0:127.0.0.1", "mapped_loopback")]
    [InlineData("::ffff:0:8.8.8.8", "reserved")]
    [InlineData("::127.0.0.1", "mapped_loopback")]
    [InlineData("::8.8.8.8", "reserved")]
    [InlineData("64:ff9b::7f00:1", "mapped_loopback")]
    [InlineData("64:ff9b::192.168.0.1", "mapped_private")]
    [InlineData("64:ff9b::169.254.169.254", "mapped_metadata")]
    [InlineData("64:ff9b:1::10.0.0.1", "mapped_private")]
    [InlineData("64:ff9b:1::8.8.8.8", "reserved")]
    [InlineData("64:ff9b:1:abcd::1", "mapped_reserved")]
    [InlineData("2002:7f00:1::", "mapped_loopback")]
    [InlineData("2002:0a00:0001::1", "mapped_private")]
    [InlineData("2002:a9fe:a9fe::1", "mapped_metadata")]
    [InlineData("2001:0:7f00:1::f7f7:f7f7", "mapped_loopback")]
    [InlineData("2001:0:808:808:0:0:80ff:fffe", "mapped_loopback")]
    [InlineData("2001:0:808:808:0:0:3f57:fefe", "mapped_private")]
    public void An_address_that_is_not_public_is_refused_with_its_kind(string address, string kind) =>
        Assert.Equal(kind, AddressPolicy.Public.Refusal(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700::1111")]
    [InlineData("2001:200::1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2002:808:808::1")]
    [InlineData("2001:0:808:808::f7f7:f7f7")]
    public void A_public_address_is_spoken_to(string address) => Assert.Null(AddressPolicy.Public.Refusal(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://2130706433/", "loopback")]
    [InlineData("http://0x7f000001/", "loopback")]
    [InlineData("http://0x7F.1/", "loopback")]
    [InlineData("http://0x7f.0x0.0x0.0x1/", "loopback")]
    [InlineData("http://017700000001/", "loopback")]
    [InlineData("http://0177.0.0.1/", "loopback")]
    [InlineData("http://00000000177.1/", "loopback")]
    [InlineData("http://127.1/", "loopback")]
    [InlineData("http://127.0.1/", "loopback")]
    [InlineData("http://0/", "unspecified")]
    [InlineData("http://0x0/", "unspecified")]
    [InlineData("http://10.1/", "private")]
    [InlineData("http://0xa9fea9fe/", "metadata")]
    [InlineData("http://2852039166/", "metadata")]
    [InlineData("http://0251.0376.0251.0376/", "metadata")]
    [InlineData("http://169.254.43518/", "metadata")]
    [InlineData("http://4294967295/", "broadcast")]
    [InlineData("http://127。0。0。1/", "loopback")]
    [InlineData("http://user:password@127.0.0.1:8080/", "loopback")]
    [InlineData("http://example.org@169.254.169.254/", "metadata")]
    [InlineData("http://127.0.0.1:80#@example.org/", "loopback")]
    [InlineData("http://[::1]/", "loopback")]
    [InlineData("http://[0:0:0:0:0:0:0:1]/", "loopback")]
    [InlineData("http://[::1%25lo]/", "loopback")]
    [InlineData("http://[::]/", "unspecified")]
    [InlineData("http://[::ffff:7f00:1]/", "mapped_loopback")]
    [InlineData("http://[0:0:0:0:0:ffff:127.0.0.1]/", "mapped_loopback")]
    [InlineData("http://[fe80::1%25eth0]/", "link_local")]
    [InlineData("http://[64:ff9b::a9fe:a9fe]/", "mapped_metadata")]
    public void A_host_that_is_an_address_in_disguise_is_refused_as_the_address(string url, string kind)
    {
        Assert.True(IPAddress.TryParse(new Uri(url).IdnHost, out IPAddress? address), url);
        Assert.Equal(kind, AddressPolicy.Public.Refusal(address));
    }

    [Theory]
    [InlineData("127.0.0.0/8", "127.0.0.1", null)]
    [InlineData("127.0.0.0/8", "::ffff:127.0.0.1", null)]
    [InlineData("127.0.0.0/8", "10.0.0.1", "private")]
    [InlineData("127.0.0.0/8", "::1", "loopback")]
    [InlineData("127.0.0.0/8", "64:ff9b::7f00:1", "mapped_loopback")]
    [InlineData("127.0.0.0/8", "2002:7f00:1::", "mapped_loopback")]
    [InlineData("::1/128", "::1", null)]
    [InlineData("::1/128", "127.0.0.1", "loopback")]
    [InlineData("10.1.0.0/16", "10.1.2.3", null)]
    [InlineData("10.1.0.0/16", "10.2.0.1", "private")]
    [InlineData("169.254.169.254/32", "169.254.169.254", null)]
    public void Opening_a_network_opens_exactly_that(string network, string address, string? kind) =>
        Assert.Equal(kind, new AddressPolicy([IPNetwork.Parse(network)]).Refusal(IPAddress.Parse(address)));

    [Fact]
    public void Every_refused_IPv4_address_is_refused_in_every_IPv6_dress() =>
        Gen.UInt.Sample(
            bits =>
            {
                byte[] v4 = [(byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits];
                string? kind = AddressPolicy.Public.Refusal(new IPAddress(v4));
                string? expected = kind is null ? null : $"mapped_{kind}";
                byte[] flipped = [.. v4.Select(octet => (byte)~octet)];
                Assert.Equal(expected, Refusal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, .. v4]));
                Assert.Equal(expected, Refusal([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, .. v4]));
                Assert.Equal(expected, Refusal([0x20, 0x02, .. v4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
                Assert.Equal(expected, Refusal([0x20, 0x01, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0, .. flipped]));
                Assert.Equal(expected ?? "reserved", Refusal([0, 0x64, 0xff, 0x9b, 0, 1, 0, 0, 0, 0, 0, 0, .. v4]));
            },
            iter: Fuzz.Ran("addresses", 100_000)
        );

    private static string? Refusal(byte[] address) => AddressPolicy.Public.Refusal(new IPAddress(address));
}
