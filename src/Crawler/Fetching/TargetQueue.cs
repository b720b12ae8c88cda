// The targets that wait for one host: a few in memory, the rest on disk, first in first out.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Not thread-safe: the scheduler's lock guards it.</summary>
internal sealed class TargetQueue(SpillFile spill)
{
    /// <summary>Targets of a block, and so the bound on either end in memory.</summary>
    internal const int BlockSize = 32;

    private readonly Queue<SpillFile.Block> blocks = new();
    private Queue<WebTarget> front = new();
    private List<WebTarget> back = [];

    public long Count { get; private set; }

    public void Add(WebTarget target)
    {
        Count++;
        if (blocks.Count == 0 && back.Count == 0 && front.Count < BlockSize)
        {
            front.Enqueue(target);
            return;
        }
        back.Add(target);
        if (back.Count < BlockSize)
            return;
        blocks.Enqueue(spill.Write(back));
        back = [];
    }

    /// <summary>Puts a target that could not be asked yet back where it came from.</summary>
    public void PutBack(WebTarget target)
    {
        Count++;
        front = new Queue<WebTarget>(front.Prepend(target));
    }

    public WebTarget Take()
    {
        Count--;
        WebTarget target = front.Dequeue();
        if (front.Count > 0)
            return target;
        if (blocks.TryDequeue(out SpillFile.Block block))
            front = new Queue<WebTarget>(spill.Take(block));
        else if (back.Count > 0)
            (front, back) = (new Queue<WebTarget>(back), []);
        return target;
    }
}
