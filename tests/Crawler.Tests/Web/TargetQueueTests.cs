// Targets leave a queue in the order in which they came, through memory and disk.

using CsCheck;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests.Web;

public sealed class TargetQueueTests
{
    [Fact]
    public void Any_mix_of_adding_taking_and_putting_back_over_two_hosts_keeps_the_order()
    {
        // 0: the first host gets targets, 1: the second one does, 2 and 3: one is taken, 4: one is taken and put back.
        Gen.Select(Gen.Int[0, 4], Gen.Int[1, 90])
            .Array[1, 40]
            .Sample(
                steps =>
                {
                    using TempFolder folder = new();
                    using SpillFile spill = new(folder["spill"]);
                    TargetQueue[] queues = [new(spill), new(spill)];
                    Queue<WebTarget>[] models = [new(), new()];
                    long next = 0;
                    foreach ((int step, int count) in steps)
                    {
                        int at = step % 2;
                        for (int i = 0; i < count; i++)
                        {
                            if (step < 2)
                            {
                                WebTarget target = new(next++, $"http://h/{next}", new Uri($"http://h/{next}"))
                                {
                                    Depth = (int)(next % 3) - 1,
                                };
                                queues[at].Add(target);
                                models[at].Enqueue(target);
                            }
                            else if (queues[at].Count > 0)
                            {
                                WebTarget taken = queues[at].Take();
                                if (step == 4)
                                    queues[at].PutBack(taken);
                                else if (taken.Ordinal != models[at].Dequeue().Ordinal)
                                    return false;
                            }
                        }
                        if (queues[at].Count != models[at].Count)
                            return false;
                    }
                    return queues
                        .Zip(models)
                        .All(pair =>
                        {
                            List<(long, int, Uri)> left = [];
                            while (pair.First.Count > 0)
                            {
                                WebTarget target = pair.First.Take();
                                left.Add((target.Ordinal, target.Depth, target.Address));
                            }
                            return left.SequenceEqual(pair.Second.Select(target => (target.Ordinal, target.Depth, target.Address)));
                        });
                },
                iter: 300
            );
    }
}
