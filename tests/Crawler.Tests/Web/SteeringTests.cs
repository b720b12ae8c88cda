// A steered crawl spends its budget where useful images come from, whatever happens on the way.

using CsCheck;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Steering;
using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class SteeringTests
{
    [Fact]
    public async Task The_budget_goes_to_the_hosts_whose_images_are_useful()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld steered = Steered(web, 400),
            even = new(web) { Options = WebWorld.Quick with { MaxFetches = 400 } };
        string list = Sixty(steered, web);

        await steered.Crawl(list);
        await even.Crawl(list);

        int useful = Useful(steered),
            otherwise = Useful(even);
        Assert.Equal(40, otherwise);
        Assert.True(useful >= 4 * otherwise, $"{useful} of 400 with steering, {otherwise} without");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_more_is_fetched_than_the_budget_and_the_next_crawl_goes_on_from_there(bool steering)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = Steered(web, 70);
        if (!steering)
            world.Options = world.Options with { Steering = null };
        File.WriteAllLines(
            world["urls.txt"],
            Enumerable.Range(0, 100).Select(i => web.Url($"host{i % 7}", i % 5 == 0 ? $"/404/{i}" : $"/ok/{i}"))
        );

        await world.Crawl(world["urls.txt"]);
        Assert.Equal(70, world.Rows().Count);
        Assert.Equal(70, Asked(web));
        if (steering)
            world.Options = world.Options with { Steering = Judging() };
        await world.Crawl(world["urls.txt"]);

        Assert.Equal(100, world.Rows().Count);
        Assert.Equal(100, Asked(web));
        Assert.Equal(20, world.Ends().Count(end => end == "failed/http_404"));
    }

    [Fact]
    public async Task Equal_seeds_fetch_the_same_and_others_something_else()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld one = Steered(web, 200),
            again = Steered(web, 200),
            other = Steered(web, 200, seed: 2);
        string list = Sixty(one, web);

        foreach (WebWorld world in new[] { one, again, other })
            await world.Crawl(list);

        Assert.Equal(one.Files(), again.Files());
        Assert.NotEqual(Sources(one), Sources(other));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(95)]
    [InlineData(160)]
    public async Task A_stopped_crawl_goes_on_to_the_same_end_and_judges_no_image_twice(int after)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = Steered(web, 200),
            broken = Steered(web, 200);
        string list = Sixty(whole, web);
        await whole.Crawl(list);

        using CancellationTokenSource stop = new();
        List<string> looked = new();
        broken.Options = broken.Options with { Steering = Judging(looked: looked) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            broken.Crawl(
                now =>
                {
                    if (now.Done == after)
                        stop.Cancel();
                },
                stop.Token,
                list
            )
        );
        broken.Options = broken.Options with { Steering = Judging(looked: looked) };
        await broken.Crawl(list);

        Assert.Equal(whole.Files(), broken.Files());
        Assert.Equal(looked.Count, looked.Distinct().Count());
    }

    [Fact]
    public async Task A_crawl_that_stops_while_images_are_judged_goes_on_to_the_same_end()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = Steered(web, 200),
            broken = Steered(web, 200);
        string list = Sixty(whole, web);
        await whole.Crawl(list);

        int rounds = 0;
        SteeringJudge judge = Judging().Judge;
        broken.Options = broken.Options with
        {
            Steering = Judging() with
            {
                Judge = (images, cancel) => ++rounds < 4 ? judge(images, cancel) : throw new OperationCanceledException(),
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => broken.Crawl(list));
        broken.Options = broken.Options with { Steering = Judging() };
        await broken.Crawl(list);

        Assert.Equal(whole.Files(), broken.Files());
    }

    [Fact]
    public async Task Images_speak_for_the_page_that_names_them_wherever_they_lie()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = Steered(web, 200);
        HashSet<string> useful = [];
        for (int page = 0; page < 20; page++)
        {
            int[] images = [.. Enumerable.Range(page * 100, 50)];
            if (page % 10 == 3)
                useful.UnionWith(images.Select(image => Convert.ToHexString(CrawlWorld.Bitmap(20, 16, image))));
            web.Own[$"/page{page}"] = context =>
                context.Response.WriteAsync(
                    $"<!DOCTYPE html><html><body>{string.Concat(images.Select(image => $"<img src='{web.Url("cdn", $"/ok/{image}")}'>"))}</body></html>"
                );
        }
        web.Own["/home"] = context =>
            context.Response.WriteAsync(
                $"<!DOCTYPE html><html><body>{string.Concat(Enumerable.Range(0, 20).Select(i => $"<a href='/page{i}'>more</a>"))}</body></html>"
            );
        int found = 0;
        world.Options = world.Options with
        {
            Depth = 1,
            Steering = Judging() with
            {
                Judge = (images, _) =>
                    [
                        .. images.Select(image =>
                        {
                            bool hit = useful.Contains(Convert.ToHexString(File.ReadAllBytes(image.Path)));
                            found += hit ? 1 : 0;
                            return new SteeringVerdict(hit ? 1 : 0, []);
                        }),
                    ],
            },
        };

        await world.Crawl(web.Url("site", "/home"));

        // A tenth of the images is useful: 18 of 179 without steering.
        Assert.Equal(200, world.Rows().Count);
        Assert.InRange(found, 60, 100);
    }

    [Fact]
    public async Task A_host_that_serves_one_image_under_many_addresses_is_found_out()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = Steered(web, 200);
        world.Options = world.Options with
        {
            Steering = Judging() with { Judge = (images, _) => [.. images.Select(_ => new SteeringVerdict(1, []))] },
        };
        File.WriteAllLines(
            world["urls.txt"],
            Enumerable.Range(0, 1000).Select(i => i % 5 < 4 ? web.Url($"same{i % 5}", $"/ok/7?{i}") : web.Url("various", $"/ok/{i}"))
        );

        await world.Crawl(world["urls.txt"]);

        Assert.InRange(world.Rows().Count(row => row["source"]!.Contains("various", StringComparison.Ordinal)), 130, 200);
    }

    [Fact]
    public async Task A_dry_run_says_what_the_first_round_asks_for()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = Steered(web, 20);
        string list = Sixty(world, web);
        List<string> planned = [];

        IReadOnlyDictionary<string, long> counts = await Task.Run(
            () => CrawlRun.DryRun(world.For(list), fetch => planned.Add(fetch.Url), TestContext.Current.CancellationToken),
            TestContext.Current.CancellationToken
        );
        Assert.Equal(0, Asked(web));
        await world.Crawl(list);

        Assert.Equal(new Dictionary<string, long> { ["fetch"] = 20 }, counts);
        Assert.Equal(Sources(world).Order(), planned.Order());
    }

    [Fact]
    public async Task An_image_that_the_store_has_already_is_not_useful_again()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = Steered(web, 20);
        File.WriteAllLines(world["one.txt"], Enumerable.Range(0, 10).Select(i => web.Url("first", $"/ok/{i}")));
        File.WriteAllLines(world["two.txt"], Enumerable.Range(5, 10).Select(i => web.Url("second", $"/ok/{i}")));
        await world.Crawl(world["one.txt"]);

        List<string> looked = [];
        world.Options = world.Options with { Steering = Judging(looked: looked) };
        await world.Crawl(world["two.txt"]);

        Assert.Equal(5, world.Ends().Count(end => end == "duplicate/same_content"));
        Assert.Equal(5, looked.Count);
    }

    [Fact]
    public void The_frontier_gives_every_page_of_every_host_its_targets_in_their_order() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 3])
            .Array[0, 60]
            .Sample(
                steps =>
                {
                    using WebWorld world = new();
                    using Frontier frontier = new(world["frontier"]);
                    Dictionary<(string, string), Queue<long>> model = new();
                    long ordinal = 0;
                    foreach ((int host, int page, int take) in steps)
                    {
                        (string, string) key = ($"h{host}", $"p{page}");
                        Queue<long> waiting = model.TryGetValue(key, out Queue<long>? known) ? known : model[key] = new();
                        if (take == 0 || take > waiting.Count)
                        {
                            waiting.Enqueue(ordinal);
                            frontier.Add(key.Item1, key.Item2, new WebTarget(ordinal++, "u", new Uri("http://h/")));
                        }
                        else if (
                            !frontier
                                .Take(key.Item1, key.Item2, take)
                                .Select(target => target.Ordinal)
                                .ToList()
                                .SequenceEqual(Enumerable.Range(0, take).Select(_ => waiting.Dequeue()).ToList())
                        )
                        {
                            return false;
                        }
                    }
                    return frontier.Hosts.All(host =>
                        host.Waiting == model.Where(of => of.Key.Item1 == host.Source).Sum(of => of.Value.Count)
                        && frontier
                            .PagesOf(host.Source)
                            .All(page => page.Waiting > 0 && page.Waiting == model[(host.Source, page.Source)].Count)
                    );
                },
                iter: 50
            );

    [Fact]
    public void Steering_without_a_budget_or_over_what_is_known_is_refused()
    {
        using WebWorld world = new() { Options = WebWorld.Quick with { Steering = Judging() } };
        Assert.Contains("MaxFetches", Assert.Throws<CrawlException>(world.For("http://h/").Validate).Message, StringComparison.Ordinal);
        world.Options = world.Options with { MaxFetches = 10, Refresh = true };
        Assert.Contains("Refresh", Assert.Throws<CrawlException>(world.For().Validate).Message, StringComparison.Ordinal);
    }

    private static WebWorld Steered(FaultyWeb web, long budget, ulong seed = 1) =>
        new(web) { Options = WebWorld.Quick with { MaxFetches = budget, Steering = Judging(seed) } };

    // Worth depends on what was judged before, so that a judge that does not hear of it again tells another story.
    private static SteeringOptions Judging(ulong seed = 1, List<string>? looked = null)
    {
        List<double> figures = new();
        return new SteeringOptions(
            (images, _) =>
                [
                    .. images.Select(image =>
                    {
                        if (image.Figures is null)
                            looked?.Add(image.Path);
                        double figure = image.Figures?[0]
                            ?? (image.Source.StartsWith("good", StringComparison.Ordinal) ? 1 : 0)
                                + File.ReadAllBytes(image.Path)[60] / 1000.0;
                        figures.Add(figure);
                        return new SteeringVerdict(figures.Average() < figure ? 1 : 0, [figure]);
                    }),
                ],
            "test"
        )
        {
            Seed = seed,
            Round = 20,
        };
    }

    // Sixty hosts, six of them good, taking turns.
    private static string Sixty(WebWorld world, FaultyWeb web)
    {
        File.WriteAllLines(
            world["urls.txt"],
            Enumerable.Range(0, 60 * 50).Select(i => web.Url($"{(i % 10 == 3 ? "good" : "poor")}{i % 60}", $"/ok/{i}"))
        );
        return world["urls.txt"];
    }

    private static int Useful(WebWorld world) =>
        world.Rows().Count(row => row["status"] == Status.Ok && row["source"]!.Contains("good", StringComparison.Ordinal));

    private static IEnumerable<string?> Sources(WebWorld world) => world.Rows().Select(row => row["source"]);

    private static int Asked(FaultyWeb web) =>
        web
            .Visits.Where(visit =>
                visit.Key.Contains("/ok/", StringComparison.Ordinal) || visit.Key.Contains("/404/", StringComparison.Ordinal)
            )
            .Sum(visit => visit.Value);
}
