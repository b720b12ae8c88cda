// Row groups decoded before their turn, since decoding takes longer than what is done with the values.

namespace DataFreeKD.Manifests;

/// <summary>
/// Gives row groups in order and has the next ones decoded meanwhile: the columns that the last group was asked for, each group by a
/// thread and an opening of the file of its own. A column asked for now and then is so decoded ahead only while it is.
/// </summary>
internal sealed class ParquetReadAhead(string path, ParquetFile file) : IDisposable
{
    // What may be decoded but not read yet: a bound on memory whatever the size of the groups.
    private const int RowsAhead = 1 << 19;

    private readonly Queue<Task<ParquetGroup>> coming = new();
    private readonly Stack<ParquetFile> idle = new();
    private readonly Lock gate = new();
    private int started;

    /// <summary>The group of that number, which is one more than the last one's.</summary>
    /// <param name="index">0-based.</param>
    /// <param name="last">The group before; null for the first.</param>
    /// <exception cref="TableException">The file is damaged.</exception>
    public ParquetGroup Next(int index, ParquetGroup? last)
    {
        ParquetGroup next = coming.TryDequeue(out Task<ParquetGroup>? decoded)
            ? Blocking.Wait(decoded)
            : new ParquetGroup(file, index, file.RowsOf(index));
        started = Math.Max(started, index + 1);
        if (last?.Asked is { Length: > 0 } wanted)
        {
            int most = Math.Min(Environment.ProcessorCount - 1, RowsAhead / Math.Max(1, next.Rows));
            while (coming.Count < most && started < file.Groups)
            {
                int ahead = started++;
                ParquetGroup group = new(file, ahead, file.RowsOf(ahead));
                coming.Enqueue(Task.Run(() => Decode(group, wanted)));
            }
        }
        return next;
    }

    /// <summary>Waits for what is being decoded and closes its openings of the file.</summary>
    public void Dispose()
    {
        // What went wrong with rows that nobody read is nobody's concern.
        Blocking.Wait(async () =>
        {
            foreach (Task task in coming)
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        foreach (ParquetFile opened in idle)
            opened.Dispose();
    }

    private ParquetGroup Decode(ParquetGroup group, int[] wanted)
    {
        ParquetFile? by;
        lock (gate)
            idle.TryPop(out by);
        by ??= new ParquetFile(path);
        try
        {
            group.Prepare(by, wanted);
            return group;
        }
        finally
        {
            lock (gate)
                idle.Push(by);
        }
    }
}
