// One process that is given shards one by one: the teacher stays loaded.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Probe.Sharding;

/// <summary>Scores single shards of a plan that is there.</summary>
internal sealed class ShardWorker : IDisposable
{
    private readonly ShardedRun run;
    private readonly IPlanPlace place;
    private ShardInputs? images;

    /// <param name="options">The options that the plan was made with.</param>
    /// <param name="place">Where the plan lies; it is this object's from then on, unless an exception is thrown.</param>
    /// <param name="allowed">Whether an image's file may be looked at; null for any.</param>
    /// <param name="note">Hears what was found damaged.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="ScoreException">There is no plan, or options, teacher, version or profile are not the plan's.</exception>
    public ShardWorker(
        ScoreOptions options,
        IPlanPlace place,
        Func<string, bool>? allowed = null,
        Action<string>? note = null,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        this.place = place;
        run = new ShardedRun(options, place, new ShardOptions { Note = note }, mayPlan: false, cancel);
        if (allowed is not null)
            run.Guard = path =>
            {
                if (path.Length > 0 && !allowed(path))
                    throw new ShardException(ShardProblem.Outside, $"{path} is not where this process may look");
            };
    }

    /// <summary>Scores a shard, once, unless it is finished or is not to be tried again.</summary>
    /// <param name="shard">Its number.</param>
    /// <param name="rows">Hears the rows of it that are scored.</param>
    /// <param name="cancel">Stops; that does not count against the shard.</param>
    /// <exception cref="ScoreException">The plan has no such shard, or a part of it is not the plan's.</exception>
    /// <exception cref="ShardException">Another process computed other bytes, a note is damaged, or an image lies where
    /// this process may not look.</exception>
    /// <exception cref="IOException">The machine failed, which does not count against the shard.</exception>
    public ShardOutcome Run(int shard, Action<long>? rows = null, CancellationToken cancel = default)
    {
        long before = run.Rows;
        images ??= run.Open();
        bool done = false;
        try
        {
            ShardOutcome outcome = run.One(shard, images, rows is null ? null : new Told(progress => rows(progress.Done - before)), cancel);
            done = outcome == ShardOutcome.Done;
            return outcome;
        }
        finally
        {
            // What was read of the inputs up to an error may be anything.
            if (!done)
            {
                images.Dispose();
                images = null;
            }
        }
    }

    /// <summary>Lets go of the teacher and the place.</summary>
    public void Dispose()
    {
        images?.Dispose();
        run.Dispose();
        place.Dispose();
    }

    private sealed class Told(Action<ScoreProgress> tell) : IProgress<ScoreProgress>
    {
        public void Report(ScoreProgress value) => tell(value);
    }
}
