// Hosts do not wait for each other, are asked at their own pace, and are let go when they are dead.

using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class SchedulerTests
{
    [Fact]
    public async Task Silent_hosts_however_many_never_slow_a_living_one()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web)
        {
            Options = WebWorld.Quick with
            {
                Connections = 8,
                ConnectTimeout = TimeSpan.FromSeconds(3),
                HeadersTimeout = TimeSpan.FromSeconds(3),
                BodyTimeout = TimeSpan.FromSeconds(3),
                Retries = 0,
            },
        };
        TaskCompletionSource<TimeSpan> done = new();
        int served = 0;
        web.Own["/count"] = async context =>
        {
            await context.Response.Body.WriteAsync(CrawlWorld.Bitmap(20, 16, Interlocked.Increment(ref served)));
            if (served == 200)
                done.TrySetResult(Stopwatch.GetElapsedTime(start));
        };
        web.Own["/robots.txt"] = async context =>
        {
            if (!context.Request.Host.Host.StartsWith("silent", StringComparison.Ordinal))
                return;
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        // The silent ones come first in the list, and there are more of them than connections.
        File.WriteAllLines(
            world["urls.txt"],
            [
                .. Enumerable.Range(0, 16).Select(i => web.Url($"silent{i}", "/ok/1")),
                .. Enumerable.Range(0, 200).Select(i => web.Url("living", $"/count?{i}")),
            ]
        );

        start = Stopwatch.GetTimestamp();
        Task<CrawlSummary> crawl = world.Crawl(world["urls.txt"]);
        await crawl.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        TimeSpan elapsed = await done.Task;

        // 16 hosts in 4 connections, 3 s each, take 12 s; the living host does not wait for the first of them.
        Assert.True(elapsed < TimeSpan.FromSeconds(3), $"the living host took {elapsed}");
        Assert.Equal(16, world.Ends().Count(end => end == "failed/timeout"));
    }

    private long start;

    [Fact]
    public async Task A_host_never_has_more_requests_at_a_time_than_it_may()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { ConnectionsPerHost = 3 } };
        web.Own["/nap"] = async context =>
        {
            await Task.Delay(5);
            await context.Response.WriteAsync("x");
        };
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 120).Select(i => web.Url("one", $"/nap?{i}")));

        await world.Crawl(world["urls.txt"]);

        Assert.InRange(web.MostAtATime, 2, 3);
    }

    [Fact]
    public async Task Retry_After_makes_the_whole_host_wait()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { ConnectionsPerHost = 1 } };
        long asked = 0,
            allowed = 0;
        web.Own["/first"] = context =>
        {
            if (Interlocked.CompareExchange(ref asked, Stopwatch.GetTimestamp(), 0) == 0)
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "1";
            }
            return Task.CompletedTask;
        };
        web.Own["/second"] = context =>
        {
            allowed = Stopwatch.GetTimestamp();
            return Task.CompletedTask;
        };
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/first"), web.Url("one", "/second")]);

        await world.Crawl(world["urls.txt"]);

        Assert.InRange(Stopwatch.GetElapsedTime(asked, allowed), TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_server_that_asks_for_too_long_a_wait_is_not_asked_again()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/later"] = context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "86400";
            return Task.CompletedTask;
        };
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/later")]);

        await world.Crawl(world["urls.txt"]);

        Assert.Equal(["failed/http_503"], world.Ends());
        Assert.Equal(1, web.Visits["one.test/later"]);
    }

    [Fact]
    public async Task A_host_that_dies_under_way_is_given_up_after_some_breaks_with_the_reason_that_broke_it()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { BreakAfter = 4, MaxBreaks = 2, Retries = 1 } };
        // One answer, to robots.txt, is within the 5 % of successes that a broken host may have only once there are 20 failures.
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 400).Select(i => web.Url("one", $"/500/{i}")));

        await world.Crawl(world["urls.txt"]);

        Assert.All(world.Ends(), end => Assert.Equal("failed/http_500", end));
        Assert.InRange(web.Visits.Where(visit => visit.Key.Contains("/500/", StringComparison.Ordinal)).Sum(visit => visit.Value), 19, 60);
    }

    [Fact]
    public async Task What_heals_is_asked_again_and_what_does_not_is_not()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Retries = 2 } };
        string[] kinds = ["404", "410", "501", "html", "noise", "heals", "500", "reset"];
        File.WriteAllLines(world["urls.txt"], kinds.Select(kind => web.Url("one", $"/{kind}/1")));

        await world.Crawl(world["urls.txt"]);

        Assert.Equal([1, 1, 1, 1, 1, 2, 3, 3], kinds.Select(kind => web.Visits[$"one.test/{kind}/1"]));
    }
}
