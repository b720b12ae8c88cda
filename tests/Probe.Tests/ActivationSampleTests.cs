// The sample that ReAct's clip is taken from.

namespace DataFreeKD.Probe.Tests;

public sealed class ActivationSampleTests
{
    [Fact]
    public void A_small_pool_is_kept_whole_and_its_percentile_is_exact()
    {
        ActivationSample sample = new();
        for (int place = 0; place < 5; place++)
            sample.Add(place, [place, place + 0.5f]);

        // 0, 0.5, ..., 4.5: the tenth part from the end lies at index 8.1.
        Assert.Equal(4.05, sample.Percentile(90), 12);
        Assert.Equal(0, sample.Percentile(0));
        Assert.Equal(4.5, sample.Percentile(100));
        Assert.True(double.IsNaN(new ActivationSample().Percentile(90)));
    }

    [Fact]
    public void A_large_pool_is_sampled_evenly_in_bounded_memory()
    {
        ActivationSample sample = new(capacity: 1000);
        for (int place = 0; place < 100_000; place++)
            sample.Add(place, [place]);

        Assert.InRange(sample.Count, 400, 999);
        // The pool is a ramp: four standard errors of a decile of 400 draws.
        foreach (double percent in new[] { 10, 50, 90.0 })
            Assert.InRange(sample.Percentile(percent) / 1000, percent - 10, percent + 10);
    }

    [Fact]
    public void What_was_refused_before_it_came_would_not_have_been_kept()
    {
        // Scoring asks far ahead of what it adds: an answer of then must not keep out what belongs in.
        ActivationSample asked = new(capacity: 64);
        ActivationSample told = new(capacity: 64);
        Queue<int> waiting = new();
        for (int place = 0; place < 20_000; place++)
        {
            told.Add(place, [place]);
            if (asked.Wants(place))
                waiting.Enqueue(place);
            while (waiting.Count > 200)
                Add();
        }
        while (waiting.Count > 0)
            Add();

        Assert.Equal(told.Count, asked.Count);
        for (int percent = 0; percent <= 100; percent += 5)
            Assert.Equal(told.Percentile(percent), asked.Percentile(percent));

        void Add()
        {
            int place = waiting.Dequeue();
            asked.Add(place, [place]);
        }
    }
}
