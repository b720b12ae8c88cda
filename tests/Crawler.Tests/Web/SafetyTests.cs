// No address on the inside is spoken to, whichever way it is reached.

using System.Diagnostics.Metrics;
using System.Net;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Safety;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class SafetyTests
{
    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    [InlineData("http://0x7f.1:{0}/")]
    [InlineData("http://0177.0.0.1:{0}/")]
    [InlineData("http://[::1]:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    [InlineData("http://[64:ff9b::7f00:1]:{0}/")]
    [InlineData("http://[2002:7f00:1::]:{0}/")]
    [InlineData("http://0.0.0.0:{0}/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://user:secret@127.0.0.1:{0}/")]
    [InlineData("http://named.test:{0}/")]
    public async Task Inner_addresses_are_refused_in_every_spelling(string form)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { AllowedNetworks = [] } };
        await world.Crawl(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, web.Port));

        Assert.Equal(["rejected/address_refused"], world.Ends());
        Assert.Empty(web.Visits);
    }

    [Fact]
    public async Task A_name_that_turns_to_an_inner_address_after_robots_txt_is_refused_at_the_next_connection()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        int looks = 0;
        using WebWorld world = new(web)
        {
            Options = WebWorld.Quick with
            {
                Resolve = (_, _) =>
                    Task.FromResult<IPAddress[]>([
                        Interlocked.Increment(ref looks) == 1 ? IPAddress.Loopback : IPAddress.Parse("10.0.0.1"),
                    ]),
            },
        };
        web.Own["/robots.txt"] = context =>
        {
            context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        };

        await world.Crawl(web.Url("rebinds", "/ok/1"));

        Assert.Equal(["rejected/address_refused"], world.Ends());
        // robots.txt, tdmrep.json, the image.
        Assert.Equal(3, looks);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("169.254.169.254")]
    public async Task A_name_that_answers_a_public_address_first_and_an_inner_one_later_never_reaches_the_inner_one(string inner)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        int looks = 0;
        using WebWorld world = new(web)
        {
            Options = WebWorld.Quick with
            {
                // Nothing listens at the public address (TEST-NET-1), and the inner one is where the server is.
                AllowedNetworks = [System.Net.IPNetwork.Parse("192.0.2.0/24")],
                ConnectTimeout = TimeSpan.FromMilliseconds(300),
                Resolve = (_, _) =>
                    Task.FromResult<IPAddress[]>([IPAddress.Parse(Interlocked.Increment(ref looks) == 1 ? "192.0.2.1" : inner)]),
            },
        };

        await world.Crawl(web.Url("rebinds", "/ok/1"));

        Assert.Equal(["rejected/address_refused"], world.Ends());
        Assert.Empty(web.Visits);
        Assert.True(looks > 1);
    }

    [Fact]
    public async Task The_address_that_was_checked_is_the_one_connected_to()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        int looks = 0;
        // A second look would refuse: the one look gives the address for both.
        ConnectGuard guard = new(
            new AddressPolicy([System.Net.IPNetwork.Parse("127.0.0.0/8")]),
            (_, _) =>
                Task.FromResult<IPAddress[]>([Interlocked.Increment(ref looks) == 1 ? IPAddress.Loopback : IPAddress.Parse("10.0.0.1")]),
            TimeSpan.FromSeconds(5)
        );
        using SocketsHttpHandler handler = new() { ConnectCallback = guard.Connect, UseProxy = false };
        using HttpMessageInvoker http = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, web.Url("one", "/ok/1"));

        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, looks);
    }

    [Fact]
    public async Task Of_several_addresses_only_the_public_ones_are_connected_to()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web)
        {
            Options = WebWorld.Quick with
            {
                Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1"), IPAddress.Loopback]),
            },
        };

        await world.Crawl(web.Url("both", "/ok/1"));

        Assert.Equal(["ok"], world.Ends());
    }

    [Fact]
    public async Task The_crawler_says_who_it_is_and_where_to_complain()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Contact = "mailto:crawl@example.org" } };
        string agent = "";
        web.Own["/x"] = context =>
        {
            agent = context.Request.Headers.UserAgent.ToString();
            return context.Response.Body.WriteAsync(CrawlWorld.Bitmap(20, 16, 1)).AsTask();
        };

        await world.Crawl(web.Url("one", "/x"));

        Assert.Matches(@"^DataFreeKD/\d+\.\d+\.\d+ \(\+mailto:crawl@example\.org\)$", agent);
    }

    [Fact]
    public async Task Metrics_count_every_address_by_status_and_reason()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        Dictionary<string, long> counted = new();
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "dfkd.crawl.targets")
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (_, value, tags, _) =>
            {
                lock (counted)
                    counted[$"{tags[0].Value}/{tags[1].Value}"] = counted.GetValueOrDefault($"{tags[0].Value}/{tags[1].Value}") + value;
            }
        );
        listener.Start();
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/ok/1"), web.Url("one", "/ok/2"), web.Url("one", "/404/1")]);

        await world.Crawl(world["urls.txt"]);

        Assert.Equal(new Dictionary<string, long> { ["ok/"] = 2, ["failed/http_404"] = 1 }, counted);
    }
}
