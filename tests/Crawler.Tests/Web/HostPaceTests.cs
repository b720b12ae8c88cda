// The pace of one host: up slowly, down at once.

using DataFreeKD.Crawler.Fetching;

namespace DataFreeKD.Crawler.Tests.Web;

public sealed class HostPaceTests
{
    [Fact]
    public void Fast_answers_earn_all_connections_and_one_overload_halves_them()
    {
        HostPace pace = new(8, TimeSpan.Zero);
        Assert.Equal(4, pace.Limit);
        for (int i = 0; i < 200; i++)
            pace.Answered(0.05);
        Assert.Equal(8, pace.Limit);
        pace.Overloaded();
        Assert.Equal(4, pace.Limit);
        Assert.True(pace.Delay > TimeSpan.Zero);
    }

    [Fact]
    public void Answers_far_slower_than_usual_shrink_the_limit()
    {
        HostPace pace = new(8, TimeSpan.Zero);
        for (int i = 0; i < 100; i++)
            pace.Answered(0.05);
        for (int i = 0; i < 12; i++)
            pace.Answered(1.5);
        Assert.InRange(pace.Limit, 1, 4);
    }

    [Fact]
    public void Repeated_overload_lengthens_the_pause_up_to_a_bound_and_success_takes_it_back()
    {
        HostPace pace = new(4, TimeSpan.Zero);
        TimeSpan last = TimeSpan.Zero;
        for (int i = 0; i < 6; i++)
        {
            pace.Overloaded();
            Assert.True(pace.Delay > last);
            last = pace.Delay;
        }
        for (int i = 0; i < 20; i++)
            pace.Overloaded();
        Assert.Equal(TimeSpan.FromSeconds(30), pace.Delay);
        for (int i = 0; i < 100; i++)
            pace.Answered(0.05);
        Assert.Equal((TimeSpan.Zero, 4), (pace.Delay, pace.Limit));
    }

    [Fact]
    public void Neither_success_nor_overload_undercuts_the_crawl_delay()
    {
        HostPace pace = new(4, TimeSpan.FromSeconds(1)) { CrawlDelay = TimeSpan.FromSeconds(5) };
        for (int i = 0; i < 100; i++)
            pace.Answered(0.01);
        Assert.Equal(TimeSpan.FromSeconds(5), pace.Delay);
        pace.Overloaded();
        Assert.Equal(TimeSpan.FromSeconds(5), pace.Delay);
    }
}
